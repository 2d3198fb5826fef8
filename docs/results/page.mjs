// Fills the generated blocks of docs/results.md and draws its pictures from the records of the runs beside this file, so that no
// measured number is typed by hand. The prose between the blocks is written in the page itself.
//
// Usage, after `npm run setup`: node docs/results/page.mjs
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readRun, renderReport, resultRows } from "../../dist/report/index.js";
import { fillBlocks } from "../generated-blocks.mjs";
import { reproductionBlock } from "./reproduction.mjs";
import { standaloneCharts } from "./standalone-charts.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const runs = join(here, "runs");

/** Runs that stand in one table and in the same pictures. */
const comparisons = [
  { block: "small", names: ["cifar10-lt-ur50-small-pgd-at", "cifar10-lt-ur50-small-reat"] },
  { block: "quickstart", names: ["quickstart-pgd-at", "quickstart-reat"] },
];

/** One run of each method with the same budget, in the order of the table, with the title it has there. */
const methods = [
  ["plain", "plain training"],
  ["pgd-at", "PGD-AT, balanced softmax"],
  ["reat", "REAT"],
  ["robal", "RoBal (R)"],
  ["trades", "TRADES"],
  ["mart", "MART"],
  ["pgd-awp", "PGD-AWP, balanced softmax"],
  ["trades-awp", "TRADES-AWP"],
  ["at-bsl", "AT-BSL with AutoAugment"],
  ["taet", "TAET (3 clean epochs first)"],
  ["robustlt", "RobustLT around REAT"],
].map(([name, title]) => ({ name: `methods-${name}`, title }));

const commitOf = ({ commit }) => commit.slice(0, 10);
const percent = (fraction) => (fraction === null ? "–" : (100 * fraction).toFixed(1));

function table(records) {
  const lines = [
    "| run | checkpoint | measured | images | all | head | body | tail |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
  ];
  for (const record of records) {
    for (const { run, checkpoint, epoch, measurements } of resultRows(record)) {
      for (const { attack, images, figures } of measurements) {
        const values = ["all", "head", "body", "tail"].map((name) => percent(figures[name]));
        lines.push(
          `| ${run} | ${checkpoint}, epoch ${epoch} | ${attack} | ${images} | ${values.join(" | ")} |`,
        );
      }
    }
  }
  return lines.join("\n");
}

/** "46.1 (62 / 45 / 30)": all, then head, body and tail. */
function cell({ accuracy, groups }) {
  const parts = ["head", "body", "tail"].map((name) => Math.round(100 * groups[name]));
  return `${percent(accuracy)} (${parts.join(" / ")})`;
}

/** Clean, PGD-20 and AutoAttack of each run's last checkpoint, all measured afterwards. */
function wideTable(rows) {
  const lines = ["| | clean | PGD-20 | AutoAttack |", "| --- | --- | --- | --- |"];
  const images = new Map();
  const hashes = new Set();
  for (const { record, title } of rows) {
    const cells = [];
    for (const attack of ["clean", "pgd-20", "autoattack"]) {
      const named = record.stored
        .filter(
          ({ attack: { name }, checkpoint }) =>
            name === (attack === "clean" ? "pgd-20" : attack) && checkpoint === "last",
        )
        .sort((a, b) => b.clean.total - a.clean.total)[0];
      const report = attack === "clean" ? named.clean : named.robust;
      cells.push(cell(report));
      images.set(attack, (images.get(attack) ?? new Set()).add(report.total));
      if (named.ensemble) hashes.add(named.ensemble.constantsHash);
    }
    lines.push(`| [${title}](results/runs/${record.name}) | ${cells.join(" | ")} |`);
  }
  const counts = [...images].map(([attack, totals]) => `${attack} on ${[...totals].join(" or ")}`).join(", ");
  const fewest = Math.min(...[...images.values()].flatMap((totals) => [...totals]));
  const error = (100 * Math.sqrt(0.25 / fewest)).toFixed(1);
  return `${lines.join("\n")}\n\nIn each cell: all (head / body / tail). Test images, spread over the classes: ${counts}; the standard error of an accuracy over all classes is at most ${error}
points. AutoAttack: standard, l∞, 8/255, constants ${[...hashes].join(", ")}.`;
}

/** Where each evaluation of these runs was made: what the records say, once each. */
function measuredWith(records) {
  const seen = new Set(
    records.flatMap(({ stored }) =>
      stored.map(
        ({ environment: { revision, cpu, libtorch } }) =>
          `commit ${commitOf(revision)}, ${cpu}, LibTorch ${libtorch}`,
      ),
    ),
  );
  return [...seen].sort().join("; ");
}

const environmentOf = (name) => JSON.parse(readFileSync(join(runs, name, "environment.json"), "utf8"));
const eventsOf = (name) =>
  readFileSync(join(runs, name, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

function provenance(names) {
  return names
    .map((name) => {
      const { revision, cpu, cores, threads, libtorch, node } = environmentOf(name);
      const end = eventsOf(name).find((event) => event.type === "end");
      const minutes = (end.seconds / 60).toFixed(1);
      return `- [${name}](results/runs/${name}): commit ${commitOf(revision)}, ${cpu}, ${threads} of ${cores} cores, LibTorch ${libtorch}, Node ${node}; training took ${minutes} min.`;
    })
    .join("\n");
}

/** The charts that the page shows of a report. */
function figures(records, prefix) {
  const wanted = [
    "Robust accuracy against the number of steps",
    "Robust accuracy against ε",
    "Clean accuracy",
    "Robust accuracy",
    "Clean and PGD-20 accuracy by class",
  ];
  return standaloneCharts(renderReport(records)).flatMap(({ title, svg }) => {
    if (!wanted.includes(title)) return [];
    const file = `${prefix}-${title.toLowerCase().replace("ε", "epsilon").replaceAll(" ", "-")}.svg`;
    return [{ title, file, svg }];
  });
}

const pictures = (shown) =>
  shown.map(({ title, file }) => `![${title}](results/figures/${file})`).join("\n\n");

async function comparisonBlock({ block, names }) {
  const records = await Promise.all(names.map((name) => readRun(join(runs, name))));
  const prefix = block === "small" ? "cifar10-lt-ur50-small" : block;
  const shown = figures(records, prefix);
  return { text: [table(records), provenance(names), pictures(shown)].join("\n\n"), shown };
}

function firstStepsBlock() {
  const name = "cifar10-lt-ur50-resnet18-reat-first-steps";
  const { revision, cpu, threads, libtorch } = environmentOf(name);
  const batches = eventsOf(name).filter((event) => event.type === "batch");
  const seconds = batches.map((event) => 128 / event.imagesPerSecond).sort((a, b) => a - b);
  const median = seconds[Math.floor(seconds.length / 2)].toFixed(1);
  const { epochs, batchesPerEpoch } = eventsOf(name).find((event) => event.type === "start");
  const steps = (epochs * batchesPerEpoch).toLocaleString("en");
  return `Stopped with Ctrl-C after ${batches.length} of ${steps} steps. One step took ${median} s in the median, between ${seconds[0].toFixed(1)} s and ${seconds.at(-1).toFixed(1)} s
(commit ${commitOf(revision)}, ${cpu}, ${threads} threads, LibTorch ${libtorch}; [the log](results/runs/${name}/metrics.jsonl)).`;
}

function methodsBlock(rows) {
  const records = rows.map(({ record }) => record);
  const trained = new Set(rows.map(({ record: { name } }) => commitOf(environmentOf(name).revision)));
  return [
    wideTable(rows),
    `Trained at commit ${[...trained].join(", ")}. Evaluated at: ${measuredWith(records)}.`,
  ].join("\n\n");
}

const span = (seconds) => (seconds < 90 ? `${Math.round(seconds)} s` : `${(seconds / 60).toFixed(1)} min`);
const made = ({ revision, cpu, threads }) =>
  `commit ${commitOf(revision)}, ${cpu}, ${threads} ${threads === 1 ? "thread" : "threads"}`;

/** AutoAttack attack by attack. */
function ensembleBlock(record) {
  const measured = record.stored.find(({ ensemble }) => ensemble);
  const { ensemble, robust, clean, environment } = measured;
  const outcomes = ensemble.outcomes.map(
    ({ attack, attacked, standing, groups, seconds }) =>
      `| ${attack} | ${attacked} | ${attacked - standing} | ${percent(standing / robust.total)} | ${["head", "body", "tail"].map((name) => percent(groups[name])).join(" | ")} | ${span(seconds)} |`,
  );
  const { verification: check } = ensemble;
  return `| attack | images attacked | fooled | robust accuracy so far | head | body | tail | time |
| --- | --- | --- | --- | --- | --- | --- | --- |
${outcomes.join("\n")}

AutoAttack ${ensemble.version}, l∞, ε = 8/255, constants ${ensemble.constantsHash}, on ${robust.total} test images. Without an attack
${percent(clean.accuracy)} % of them are classified correctly. The saved adversarial images were checked: largest change ${check.largestPerturbation.toFixed(6)}, pixels from ${check.lowestPixel} to
${check.highestPixel}, accuracy ${percent(check.accuracy)} % (${check.agrees ? "equal to" : "different from"} the one reported). Measured at ${made(environment)}, beside other work, so that the
times are upper bounds.`;
}

/** The audit of the same run, and what AutoAttack adds to it. */
function auditBlock(record) {
  const { checkpoint, ensemble } = record.stored.find((stored) => stored.ensemble);
  const audit = JSON.parse(readFileSync(join(runs, record.name, "audits", `${checkpoint}.json`), "utf8"));
  const rows = audit.rows.map(
    ({ name, verdict, explanation }) => `| ${name} | ${verdict} | ${explanation} |`,
  );
  const [first, last] = [ensemble.outcomes[0], ensemble.outcomes.at(-1)];
  return `| check | verdict | what was found |
| --- | --- | --- |
${rows.join("\n")}

${audit.images} test images, ${made(audit.environment)}. The verdict is "${audit.verdict}". AutoAttack confirms it: its first attack, which climbs the cross entropy,
leaves ${percent(first.accuracy)} %, and all of its attacks together leave ${percent(last.accuracy)} %.`;
}

function hundredBlock(rows) {
  const [{ record }] = rows;
  const counts = environmentOf(record.name).data.trainCounts;
  const images = counts.reduce((sum, count) => sum + count, 0).toLocaleString("en");
  return `${wideTable(rows)}

Trained on ${images} images of ${counts.length} classes, the largest with ${Math.max(...counts)} images and the smallest with ${Math.min(...counts)}. Measured at: ${measuredWith([record])}.`;
}

/** The paper's network on a GPU: the runs' own measurements, and the weights of their best epochs measured again on a CPU. */
async function gpuBlock() {
  const published = JSON.parse(readFileSync(join(here, "published.json"), "utf8"));
  const methodNames = ["pgd-at", "reat"];
  const names = methodNames.map((name) => `cifar10-lt-ur50-resnet18-h100-${name}`);
  const records = await Promise.all(names.map((name) => readRun(join(runs, name))));
  const shown = figures(records, "cifar10-lt-ur50-resnet18-h100");
  const rows = names.map((name) => {
    const { best } = eventsOf(name).find((event) => event.type === "end");
    const measured = JSON.parse(readFileSync(join(runs, name, "best-weights-on-a-cpu.json"), "utf8"));
    const [{ robust }] = measured.attacks;
    return `| [${name}](results/runs/${name}) | best, epoch ${best.epoch} | ${measured.clean.total} | ${cell(measured.clean)} | ${cell(robust)} |`;
  });
  const ends = names.map((name) => eventsOf(name).findLast((event) => event.type === "evaluation"));
  const last = ends.map(
    ({ epoch, clean, robust }, i) =>
      `| ${names[i]} | last, epoch ${epoch} | ${robust.total} | ${cell(clean)} | ${cell(robust)} |`,
  );
  const paper = methodNames.map((name) => {
    const row = published.rows[name];
    return `| the paper's ${name} | best | ${published.images} | ${row.clean.toFixed(2)} | ${row["pgd-20"].toFixed(2)} |`;
  });
  const header = ["| run | weights | images | clean | PGD-20 |", "| --- | --- | --- | --- | --- |"];
  const text = [
    [...header, ...rows, ...last, ...paper].join("\n"),
    `In each cell: all (head / body / tail). The paper's rows: ${published.source}.`,
    provenance(names),
    pictures(shown),
  ].join("\n\n");
  return { text, shown };
}

/** Runs of the paper's network beside the paper's rows: everything that was measured of the best epoch. */
async function besidePaper(prefix, endings) {
  const { source, images, rows: published } = JSON.parse(readFileSync(join(here, "published.json"), "utf8"));
  const attacks = ["clean", "pgd-20", "pgd-100", "cw-100", "autoattack"];
  const names = endings.map((ending) => `${prefix}-${ending}`);
  const records = await Promise.all(names.map((name) => readRun(join(runs, name))));
  const shown = figures(records, prefix);
  const rows = records.flatMap((record) =>
    ["best", "last"].map((checkpoint) => {
      const of = (name) =>
        record.stored.find((one) => one.checkpoint === checkpoint && one.attack.name === name);
      const cells = attacks.map((name) => {
        const stored = of(name === "clean" ? "pgd-20" : name);
        if (!stored) return "–";
        const fewer = stored.robust.total < images ? `, ${stored.robust.total} images` : "";
        return `${cell(name === "clean" ? stored.clean : stored.robust)}${fewer}`;
      });
      return `| [${record.name}](results/runs/${record.name}) | ${checkpoint}, epoch ${of("pgd-20").epoch} | ${cells.join(" | ")} |`;
    }),
  );
  const paper = Object.entries(published).map(
    ([name, row]) =>
      `| the paper's ${name} | best, of 80 | ${attacks.map((attack) => row[attack].toFixed(2)).join(" | ")} |`,
  );
  const differences = attacks.map((name) => {
    const { clean, robust } = records[0].stored.find(
      (one) => one.checkpoint === "best" && one.attack.name === (name === "clean" ? "pgd-20" : name),
    );
    const difference = 100 * (name === "clean" ? clean : robust).accuracy - published.reat[name];
    const digits = Math.abs(difference).toFixed(1);
    return Number(digits) === 0 ? digits : `${difference < 0 ? "−" : "+"}${digits}`;
  });
  paper.push(`| the first row less the last | | ${differences.join(" | ")} |`);
  const header = [
    `| run | weights | ${["clean", "PGD-20", "PGD-100", "CW-100", "AutoAttack"].join(" | ")} |`,
    "| --- | --- | --- | --- | --- | --- | --- |",
  ];
  const text = [
    [...header, ...rows, ...paper].join("\n"),
    `In each cell: all (head / body / tail), on ${images.toLocaleString("en")} test images where nothing else is said. The paper's rows: ${source}.`,
    provenance(names),
    pictures(shown),
  ].join("\n\n");
  return { text, shown };
}

/** The page and its pictures, by path relative to docs/. */
export async function resultsPage() {
  const files = new Map();
  const blocks = new Map();
  const add = (block, { text, shown }) => {
    blocks.set(block, text);
    for (const { file, svg } of shown) files.set(`results/figures/${file}`, svg);
  };
  for (const comparison of comparisons) add(comparison.block, await comparisonBlock(comparison));
  add("gpu", await gpuBlock());
  add("preset", await besidePaper("cifar10-lt-ur50-resnet18-cpu", ["reat", "pgd-at", "pgd-awp"]));
  add("long", await besidePaper("cifar10-lt-ur50-resnet18-gpu", ["reat", "reat-2-steps", "pgd-at-2-steps"]));
  add("reproduction", reproductionBlock(join(here, "reproduction-cpu.json"), "reproduction-cpu"));
  const scrutinised = await readRun(join(runs, "cifar10-lt-ur50-small-reat"));
  blocks.set("ensemble", ensembleBlock(scrutinised));
  blocks.set("audit", auditBlock(scrutinised));
  const rows = await Promise.all(
    methods.map(async ({ name, title }) => ({ title, record: await readRun(join(runs, name)) })),
  );
  blocks.set("methods", methodsBlock(rows));
  const title = "REAT on CIFAR-100-LT, UR = 10";
  blocks.set("cifar100", hundredBlock([{ title, record: await readRun(join(runs, "cifar100-reat")) }]));
  blocks.set("first-steps", firstStepsBlock());
  files.set("results.md", fillBlocks(readFileSync(join(here, "..", "results.md"), "utf8"), blocks));
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(join(here, "figures"), { recursive: true });
  for (const [file, text] of await resultsPage()) writeFileSync(join(here, "..", file), text);
  console.log(`wrote docs/results.md and ${readdirSync(join(here, "figures")).length} figures`);
}
