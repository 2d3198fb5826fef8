// Fills docs/reliability.md and draws its picture from the records beside this file, so that no figure is typed by hand.
//
// Usage, after `npm run setup`: node docs/reliability/page.mjs
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fillBlocks } from "../generated-blocks.mjs";
import { memoryChart } from "./memory-chart.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const page = join(here, "..", "reliability.md");
const records = join(here, "records");

const read = (file) => JSON.parse(readFileSync(join(records, file), "utf8"));
const named = (prefix) =>
  readdirSync(records)
    .filter((file) => file.startsWith(prefix) && file.endsWith(".json"))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .map(read);

const count = (value) => value.toLocaleString("en");
const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const row = (cells) => `| ${cells.join(" | ")} |`;
const table = (head, rows) => [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");

function origin({ commit, modified, cpu, cores, node, libtorch, time }) {
  const state = modified ? " with changes" : "";
  return `commit ${commit?.slice(0, 10) ?? "unknown"}${state}, ${cpu}, ${cores} cores, LibTorch ${libtorch}, Node ${node}, ${time.slice(0, 10)}`;
}

/** Runs with the same limits, summed up by kind of file. */
function fuzzBlock(runs) {
  if (runs.length === 0) return "There is no record yet.";
  const sums = new Map();
  for (const [name, tally] of runs.flatMap(({ formats }) => Object.entries(formats))) {
    const sum = sums.get(name) ?? { cases: 0, read: 0, refused: 0, found: 0, seconds: 0, bytes: 0 };
    for (const key of ["cases", "read", "refused", "found"]) sum[key] += tally[key];
    sum.seconds = Math.max(sum.seconds, tally.mostProcessorSeconds);
    sum.bytes = Math.max(sum.bytes, tally.mostBytes);
    sums.set(name, sum);
  }
  const rows = [...sums]
    .sort(([a], [b]) => a.localeCompare(b, "en"))
    .map(([name, sum]) => [
      ...[name, count(sum.cases), count(sum.read), count(sum.refused), count(sum.found)],
      ...[`${sum.seconds.toFixed(1)} s`, mebibytes(sum.bytes)],
    ]);
  const cases = runs.reduce((sum, run) => sum + run.cases, 0);
  const faults = runs.flatMap(({ found }) => found);
  const { processorSeconds, bytes } = runs[0].limits;
  const lines = runs.map(
    (run) =>
      `- \`${run.command}\`: ${count(run.cases)} cases, ${count(run.found.length)} faults; ${origin(run)}`,
  );
  const told = faults.map(
    ({ number, format, what, fault }) => `- case ${number}, ${format} (${what}): ${fault}`,
  );
  return [
    `${count(cases)} cases, ${count(faults.length)} faults; at most ${processorSeconds} s of processor time and ${mebibytes(bytes)} were allowed a case.`,
    table(
      ["kind", "cases", "read right", "refused in a sentence", "faults", "most time", "most memory"],
      rows,
    ),
    ...(told.length > 0 ? ["Faults:", told.join("\n")] : []),
    lines.join("\n"),
  ].join("\n\n");
}

function killsBlock(runs) {
  if (runs.length === 0) return "There is no record yet.";
  const parts = runs.map((run) => {
    const rows = Object.entries(run.stages).map(([stage, { kills, ends }]) => [
      stage,
      count(kills),
      count(ends),
    ]);
    const faults = run.faults.length === 0 ? "Every end was the same." : `Faults: ${run.faults.join("; ")}.`;
    return `${table(["work", "kills", "ends compared"], rows)}\n\n${faults} \`${run.command}\`, ${origin(run)}.`;
  });
  return parts.join("\n\n");
}

const quantities = {
  liveTensors: ["live tensors", count],
  inUseBytes: ["large tensors", mebibytes],
  keptBytes: ["freed memory that is kept", mebibytes],
  residentBytes: ["resident memory", mebibytes],
  heapBytes: ["JavaScript's heap", mebibytes],
  externalBytes: ["JavaScript's memory outside of it", mebibytes],
};

function soakBlock(runs, files) {
  const run = runs.at(-1);
  if (!run) return "There is no record yet.";
  const picture = "reliability/figures/soak.svg";
  files.set(picture, memoryChart(run));
  const rows = run.growth.map(({ what, early, late, flat }) => {
    const [name, show] = quantities[what];
    return [name, show(early), show(late), flat ? "flat" : "**grows**"];
  });
  return [
    `![What the process held over ${count(run.rounds)} rounds](${picture})`,
    table(["held", "second quarter", "last quarter", ""], rows),
    `\`${run.command}\`: ${count(run.rounds)} trainings and as many evaluations in one process; ${origin(run)}.`,
  ].join("\n\n");
}

/** The page and its picture, by path relative to docs/. */
export function reliabilityPage() {
  const files = new Map();
  const blocks = new Map([
    ["fuzz", fuzzBlock(named("fuzz"))],
    ["kills", killsBlock(named("kills"))],
    ["soak", soakBlock(named("soak"), files)],
  ]);
  files.set("reliability.md", fillBlocks(readFileSync(page, "utf8"), blocks));
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!existsSync(records)) throw new Error(`there are no records in ${records}`);
  for (const [file, text] of reliabilityPage()) writeFileSync(join(here, "..", file), text);
}
