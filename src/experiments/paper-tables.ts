// The tables of the REAT paper (arXiv 2307.10205) as configurations: each row is a preset with overrides.
import { type ExperimentConfig, loadConfig } from "./config/index.js";

/** One row of a table of results. */
export interface PaperRow {
  /** Number of the table. */
  readonly table: number;
  /** The row's labels, as in the paper. */
  readonly row: string;
  readonly preset: string;
  /** Set over the preset; includes the name of the run. */
  readonly overrides: readonly string[];
}

/** What each table compares, by its number from 1. */
export const paperTables: Readonly<Record<number, string>> = {
  1: "Losses that train the model, with PGD-AT and with REAT: CIFAR-10-LT (UR = 50), ResNet-18.",
  2: "Re-weightings of example generation: CIFAR-10-LT (UR = 50), ResNet-18, balanced softmax.",
  3: "RoBal and REAT by unbalanced ratio: CIFAR-10-LT, ResNet-18.",
  4: "RoBal and REAT by unbalanced ratio: CIFAR-100-LT, ResNet-18.",
  5: "RoBal and REAT by network: CIFAR-10-LT (UR = 50).",
  6: "PGD-AT and REAT on Tiny-ImageNet-LT: linear profile, UR = 100, ResNet-18.",
  7: "Adversarial training made for balanced data: CIFAR-10-LT (UR = 50), ResNet-18.",
  8: "Data hunger and data unbalance: CIFAR-10-LT; BS is the balanced set of the same total.",
  9: "Data hunger and data unbalance: CIFAR-100-LT.",
  10: "Data hunger and data unbalance by network: CIFAR-10-LT (UR = 50).",
  11: "Data hunger and data unbalance by network: CIFAR-100-LT (UR = 10).",
  12: "Attacks in the l2 norm on the models of CIFAR-10-LT; the paper's digits of the budget are lost, see `reat eval --help`.",
  13: "RoBal and REAT by network: CIFAR-100-LT (UR = 10).",
  14: "Time of an epoch: the seconds of the epoch events in metrics.jsonl.",
};

const columns = "evaluation.attacks=[pgd-20, pgd-100, cw-100, autoattack]";

const networks = [
  ["ResNet", "resnet18"],
  ["WRN", "wrn28_10"],
] as const;
const wide = (network: string) => (network === "resnet18" ? [] : [`model.architecture=${network}`]);
const ratio = (ur: number) => [`data.subset.imbalance=${ur}`];
/** The presets of CIFAR-100 are of two ratios; the others differ in the ratio alone. */
const cifar = { 10: "cifar10-lt-ur50-resnet18", 100: "cifar100-lt-ur10-resnet18" } as const;

/** PGD-AT on the balanced set of the same total trains with cross entropy, on long-tailed sets with balanced softmax. */
const balancedSmall = ["data.subset.profile=balanced-small", "method.loss=ce"];

function row(table: number, label: string, preset: string, ...overrides: readonly string[]): PaperRow {
  const slug = label
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/-$/, "");
  const evaluated = overrides.some((text) => text.startsWith("evaluation.attacks="));
  const attacks = evaluated ? [] : [columns];
  return { table, row: label, preset, overrides: [`name=table-${table}-${slug}`, ...overrides, ...attacks] };
}

function hungerRows(table: number, label: string, data: 10 | 100, overrides: readonly string[]): PaperRow[] {
  const stem = cifar[data];
  return [
    row(table, `${label} PGD-AT (BS)`, `${stem}-pgd-at`, ...overrides, ...balancedSmall),
    row(table, `${label} PGD-AT`, `${stem}-pgd-at`, ...overrides),
    row(table, `${label} REAT`, `${stem}-reat`, ...overrides),
  ];
}

function robalRows(table: number, label: string, data: 10 | 100, overrides: readonly string[]): PaperRow[] {
  return [
    row(table, `${label} RoBal`, `${cifar[data]}-robal`, ...overrides),
    row(table, `${label} REAT`, `${cifar[data]}-reat`, ...overrides),
  ];
}

const reat = `${cifar[10]}-reat`;
const losses = { FL: "focal", EN: "effective-number", LDAM: "ldam", BSL: "bsl" } as const;
const reweightings = { RW: "rw", RWS: "rws", ENR: "enr", BRW: "brw", RBL: "rbl" } as const;
const l2 = ["evaluation.norm=l2", "evaluation.attacks=[pgd-20, pgd-100, cw-l2]"];

/** Every row of the paper's tables. */
export const paperRows: readonly PaperRow[] = [
  ...Object.entries(losses).flatMap(([label, loss]) => [
    row(1, `PGD-AT ${label}`, `${cifar[10]}-pgd-at`, `method.loss=${loss}`),
    row(1, `REAT ${label}`, reat, `method.loss=${loss}`),
  ]),
  row(2, "CE", reat, "method.reweighting=none", "method.tail.enabled=false"),
  ...Object.entries(reweightings).map(([label, name]) =>
    row(2, label, reat, `method.reweighting=${name}`, "method.tail.enabled=false"),
  ),
  row(2, "REAT", reat),
  ...[10, 20, 50, 100].flatMap((ur) => robalRows(3, `UR ${ur}`, 10, ratio(ur))),
  ...[10, 20, 50].flatMap((ur) => robalRows(4, `UR ${ur}`, 100, ratio(ur))),
  ...networks.flatMap(([label, network]) => robalRows(5, label, 10, wide(network))),
  row(6, "PGD-AT", "tiny-imagenet-lt-resnet18-pgd-at"),
  row(6, "REAT", "tiny-imagenet-lt-resnet18-reat"),
  row(7, "PGD-AT", `${cifar[10]}-pgd-at`, "method.loss=ce"),
  row(7, "TRADES", `${cifar[10]}-trades`),
  row(7, "PGD-AWP", `${cifar[10]}-pgd-awp`),
  row(7, "TRADES-AWP", `${cifar[10]}-trades-awp`),
  row(7, "MART", `${cifar[10]}-mart`),
  ...[10, 20, 50, 100].flatMap((ur) => hungerRows(8, `UR ${ur}`, 10, ratio(ur))),
  ...[10, 20, 50].flatMap((ur) => hungerRows(9, `UR ${ur}`, 100, ratio(ur))),
  ...networks.flatMap(([label, network]) => hungerRows(10, label, 10, wide(network))),
  ...networks.flatMap(([label, network]) => hungerRows(11, label, 100, wide(network))),
  ...[10, 20, 50, 100].flatMap((ur) => [
    row(12, `UR ${ur} PGD-AT`, `${cifar[10]}-pgd-at`, ...ratio(ur), ...l2),
    row(12, `UR ${ur} RoBal`, `${cifar[10]}-robal`, ...ratio(ur), ...l2),
    row(12, `UR ${ur} REAT`, reat, ...ratio(ur), ...l2),
  ]),
  ...networks.flatMap(([label, network]) => robalRows(13, label, 100, wide(network))),
  ...(
    [
      [10, 50],
      [10, 100],
      [100, 20],
      [100, 50],
    ] as const
  ).flatMap(([data, ur]) =>
    (["pgd-at", "robal", "reat"] as const).map((method) =>
      row(14, `CIFAR-${data}-LT UR ${ur} ${method}`, `${cifar[data]}-${method}`, ...ratio(ur)),
    ),
  ),
];

/** The complete configuration of a row, with what is set over it. */
export function paperConfig({ preset, overrides }: PaperRow, more: readonly string[] = []): ExperimentConfig {
  return loadConfig(preset, [...overrides, ...more]);
}

/** The command that trains and measures a row. */
export function paperCommand({ preset, overrides }: PaperRow): string {
  const quoted = (text: string) => (/[^\w./=:-]/.test(text) ? `"${text}"` : text);
  return `reat train ${preset} ${overrides.map((text) => `--set ${quoted(text)}`).join(" ")}`;
}

/** Markdown with a section for each of the paper's tables: what it compares, and a command for each row. */
export function paperTableSections(): string {
  const sections = Object.entries(paperTables).map(([number, title]) => {
    const commands = paperRows
      .filter(({ table }) => table === Number(number))
      .map((entry) => `# ${entry.row}\n${paperCommand(entry)}\n`);
    return `## Table ${number}\n\n${title}\n\n\`\`\`sh\n${commands.join("")}\`\`\`\n`;
  });
  return sections.join("\n");
}
