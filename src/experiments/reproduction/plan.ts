// What a reproduction trains and measures: rows that share a training share it, and so do their evaluations.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { canonicalJson } from "../../canonical-json.js";
import { ReatError } from "../../errors.js";
import { type ExperimentConfig, loadConfig } from "../config/index.js";
import type { EvaluationBudget } from "../measuring/index.js";
import { withFullPaths } from "../run-config.js";
import { type Budget, type BudgetName, budgets } from "./budgets.js";
import { dataContent } from "./data-content.js";
import { curveSteps, type FigureRow, type PaperFigure } from "./figures.js";
import { chosenArtefacts, type ReproducedRow } from "./rows.js";

/** What is to be reproduced, and where. */
export interface ReproductionOptions {
  /** Such as `table-2`, or `all`. */
  readonly artefacts: readonly string[];
  /** Labels of rows; default: all. Rows that they are compared with come along. */
  readonly rows?: readonly string[] | undefined;
  /** Default: 0, 1, 2. */
  readonly seeds?: readonly number[] | undefined;
  /** Default: paper. */
  readonly budget?: BudgetName | undefined;
  /** Instead of the data that the presets name. */
  readonly data?: string | undefined;
  /** Folder of all runs; default `runs`. */
  readonly runsFolder?: string | undefined;
  /** Such as `cpu` or `cuda:0`; default: as configured. */
  readonly device?: string | undefined;
}

/** One run of the queue. */
export interface PlannedTraining {
  /** Of all that decides the weights: rows with the same key share the run. */
  readonly key: string;
  readonly config: ExperimentConfig;
  readonly seed: number;
  readonly folder: string;
  /** "table 2, RBL" for each row that needs it. */
  readonly neededBy: readonly string[];
  readonly evaluations: readonly PlannedEvaluation[];
  /** Whether the features of adversarial test images are wanted. */
  readonly features: boolean;
}

/** One attack on a training's checkpoint. */
export interface PlannedEvaluation {
  /** The column's heading. */
  readonly column: string;
  readonly attack: string;
  readonly budget: EvaluationBudget;
  /** The place of its figure in {@link publishedRow}; null where the paper has none. */
  readonly published: { readonly adaptive: boolean; readonly index: number } | null;
}

/** A row with the runs over its seeds. */
export interface PlannedRow {
  readonly row: ReproducedRow;
  /** SHA-256 of the configuration without seeds, its first twelve digits. */
  readonly presetHash: string;
  readonly evaluations: readonly PlannedEvaluation[];
  /** In the order of the seeds. */
  readonly trainings: readonly PlannedTraining[];
}

/** A figure with the runs of its rows. */
export interface PlannedFigure {
  readonly figure: PaperFigure;
  readonly evaluations: readonly PlannedEvaluation[];
  readonly rows: readonly {
    readonly row: string;
    /** In the order of the seeds. */
    readonly trainings: readonly PlannedTraining[];
  }[];
}

/** Everything a reproduction does. */
export interface ReproductionPlan {
  readonly artefacts: readonly string[];
  readonly budgetName: BudgetName;
  readonly budget: Budget;
  readonly seeds: readonly number[];
  readonly rows: readonly PlannedRow[];
  readonly figures: readonly PlannedFigure[];
  readonly trainings: readonly PlannedTraining[];
}

const digest = (value: unknown, digits: number) =>
  createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, digits);

/** @throws ReatError `usage` for a name, a row or seeds that are not accepted; `config` as {@link loadConfig} */
export function planReproduction(options: ReproductionOptions): ReproductionPlan {
  const { artefacts, rows: labels, seeds = [0, 1, 2], budget: budgetName = "paper" } = options;
  if (seeds.length === 0 || new Set(seeds).size < seeds.length) {
    throw new ReatError("usage", `--seeds takes different whole numbers, got ${seeds.join(",") || "none"}.`);
  }
  const budget = budgets[budgetName];
  const { tables, figures: numbers } = chosenArtefacts(artefacts, labels ?? null);
  const queue = new Map<string, PlannedTraining>();
  const enqueue = (row: FigureRow, seed: number, wanted: Wanted): string => {
    const config = trainingConfig(row, budget, seed, options);
    const key = digest(deciding(config), 12);
    const name = `${config.method.name}-${key}-seed-${seed}`;
    const training: PlannedTraining = queue.get(key) ?? {
      ...{ key, seed, config: { ...config, name }, neededBy: [], evaluations: [], features: false },
      folder: join(options.runsFolder ?? "runs", "reproduction", budgetName, name),
    };
    const more = wanted.evaluations.filter(
      (each) => !training.evaluations.some((known) => sameEvaluation(known, each)),
    );
    queue.set(key, {
      ...training,
      neededBy: [...training.neededBy, wanted.by],
      evaluations: [...training.evaluations, ...more],
      features: training.features || wanted.features,
    });
    return key;
  };
  const ofSeeds = (row: FigureRow, wanted: Wanted) => seeds.map((seed) => enqueue(row, seed, wanted));
  const rowKeys = tables.map((row) => {
    const evaluations = evaluationsOf(row, budget);
    return {
      row,
      evaluations,
      keys: ofSeeds(row, { evaluations, features: false, by: `table ${row.table}, ${row.row}` }),
    };
  });
  const figureKeys = numbers.map((figure) => {
    const evaluations = figureEvaluations(figure, budget);
    const features = figure.kinds.includes("features");
    const rows = figure.rows.map((row) => ({
      row: row.row,
      keys: ofSeeds(row, { evaluations, features, by: `figure ${figure.figure}, ${row.row}` }),
    }));
    return { figure, evaluations, rows };
  });
  // What a training is needed for is complete only now.
  const trainingsOf = (keys: readonly string[]) => keys.map((key) => queue.get(key)!);
  const rows = rowKeys.map(({ row, evaluations, keys }): PlannedRow => {
    const trainings = trainingsOf(keys);
    const { seeds: _seeds, name: _name, ...rest } = trainings[0]!.config;
    return { row, evaluations, trainings, presetHash: digest(rest, 12) };
  });
  const figures = figureKeys.map(({ figure, evaluations, rows: ofFigure }) => ({
    ...{ figure, evaluations },
    rows: ofFigure.map(({ row, keys }) => ({ row, trainings: trainingsOf(keys) })),
  }));
  return { artefacts, budgetName, budget, seeds, rows, figures, trainings: [...queue.values()] };
}

/** What is to be measured of a training, and for what. */
interface Wanted extends Pick<PlannedTraining, "evaluations" | "features"> {
  readonly by: string;
}

function trainingConfig(
  row: FigureRow,
  budget: Budget,
  seed: number,
  { data, device }: ReproductionOptions,
): ExperimentConfig {
  // What is measured afterwards decides no weights; nor does the row's name.
  const own = row.overrides.filter((text) => !/^(name|evaluation\.)/.test(text));
  const isPapers = budget.overrides.length === 0;
  const all = [...own, ...budget.overrides, ...(isPapers ? [] : (row.smaller ?? []))];
  const replaces = Object.keys(budget.networks).length > 0;
  const network = replaces ? budget.networks[loadConfig(row.preset, all).model.architecture] : undefined;
  const config = loadConfig(row.preset, [
    ...all,
    ...(network === undefined ? [] : [`model.architecture=${network}`]),
    ...["initialisation", "order", "attack"].map((name) => `seeds.${name}=${seed}`),
    `training.observedImages=${budget.observed}`,
    `evaluation.attacks=[${budget.attacks?.[0] ?? "pgd-20"}]`,
    ...(budget.images === null ? [] : [`evaluation.images=${budget.images}`]),
    ...(data === undefined ? [] : [`data.source=${JSON.stringify(data)}`]),
    ...(device === undefined ? [] : [`device=${JSON.stringify(device)}`]),
  ]);
  return withFullPaths(config);
}

/** All that decides the weights or which of them are kept. */
function deciding({
  name: _name,
  device: _device,
  threads: _threads,
  data,
  training,
  evaluation,
  ...rest
}: ExperimentConfig) {
  const { logEvery: _log, checkpointEvery: _save, ...schedule } = training;
  const { norm, epsilon, stepSize, batchSize } = evaluation;
  return {
    ...{ ...rest, data: { ...data, source: dataContent(data.source) }, training: schedule },
    evaluation: { norm, epsilon, stepSize, batchSize },
  };
}

const headings: Readonly<Record<string, string>> = {
  "pgd-20": "PGD-20",
  "pgd-100": "PGD-100",
  "cw-100": "CW-100",
  "cw-l2": "CW",
  autoattack: "AutoAttack",
};

function evaluationsOf(row: ReproducedRow, { attacks }: Budget): PlannedEvaluation[] {
  // Table 14 has times alone.
  if (row.table === 14) return [];
  const l2 = row.overrides.includes("evaluation.norm=l2");
  const norm = l2 ? ({ norm: "l2" } as const) : {};
  if (attacks !== null) {
    return attacks
      .filter((name) => !(l2 && name === "autoattack"))
      .map((attack) => ({ column: attack, attack, budget: norm, published: null }));
  }
  const names = l2 ? ["pgd-20", "pgd-100", "cw-l2"] : ["pgd-20", "pgd-100", "cw-100", "autoattack"];
  const plain = names.map((attack, at) => ({
    ...{ column: headings[attack]!, attack, budget: norm },
    // The first figure of a published row is the clean accuracy.
    published: { adaptive: false, index: at + 1 },
  }));
  if (!/robal/i.test(row.preset)) return plain;
  const adaptive = ["pgd-20", "pgd-100"].map((attack, index) => ({
    ...{ column: `${headings[attack]!}, adaptive`, attack, budget: { ...norm, logitScale: 10 } },
    published: { adaptive: true, index },
  }));
  return [...plain, ...adaptive];
}

function figureEvaluations({ kinds }: PaperFigure, { steps, attacks }: Budget): PlannedEvaluation[] {
  const names = [
    ...(kinds.includes("steps") ? (steps ?? curveSteps).map((count) => `pgd-${count}`) : []),
    ...(kinds.includes("classes") ? [attacks?.[0] ?? "pgd-20"] : []),
  ];
  return [...new Set(names)].map((attack) => ({ column: attack, attack, budget: {}, published: null }));
}

function sameEvaluation(a: PlannedEvaluation, b: PlannedEvaluation): boolean {
  return canonicalJson([a.attack, a.budget]) === canonicalJson([b.attack, b.budget]);
}
