// Writes docs/benchmarks.md and its figures from the records beside this file, so that no figure is typed by hand.
//
// Usage, after `npm run setup`: node docs/benchmarks/page.mjs
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sweepChart } from "./charts.mjs";
import { remarks } from "./remarks.mjs";

const here = dirname(fileURLToPath(import.meta.url));

const unitOf = (seconds) => (seconds >= 1 ? [1, "s"] : seconds >= 1e-3 ? [1e3, "ms"] : [1e6, "µs"]);
const digits = (value) => String(Number(value.toPrecision(3)));

function seconds({ median, lowerQuartile, upperQuartile }) {
  const [factor, unit] = unitOf(median);
  return `${digits(median * factor)} ${unit} (${digits(lowerQuartile * factor)}–${digits(upperQuartile * factor)})`;
}

const ratio = ({ median, lowerQuartile, upperQuartile }) =>
  `${median.toFixed(2)} (${lowerQuartile.toFixed(2)}–${upperQuartile.toFixed(2)})`;
const megabytes = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;
const row = (cells) => `| ${cells.join(" | ")} |`;
const table = (header, rows) => [row(header), row(header.map(() => "---")), ...rows.map(row)].join("\n");

/** Records by name; of a case that several have measured, the one of the latest time counts. */
function readRecords() {
  const records = readdirSync(here)
    .filter((file) => file.endsWith(".json"))
    .map((file) => ({ file, record: JSON.parse(readFileSync(join(here, file), "utf8")) }))
    .sort((a, b) => a.record.machine.time.localeCompare(b.record.machine.time));
  const cases = new Map();
  for (const { file, record } of records) {
    for (const measured of record.cases) cases.set(measured.name, { ...measured, file });
  }
  const used = new Set([...cases.values()].map(({ file }) => file));
  return { records: records.filter(({ file }) => used.has(file)), cases: [...cases.values()] };
}

function targetsSection(cases) {
  const rows = cases.flatMap((measured) =>
    measured.targets.map(({ text, measured: value, met }) => [
      measured.name,
      text,
      value < 100 ? digits(value) : Math.round(value).toLocaleString("en"),
      met ? "met" : "**not met**",
    ]),
  );
  return rows.length === 0 ? "" : `## Targets\n\n${table(["case", "target", "measured", ""], rows)}\n`;
}

function casesSection(title, cases) {
  if (cases.length === 0) return "";
  const rows = cases.map(({ name, about, ours, baseline, ratio: paired, threads, ours: { values } }) => [
    `\`${name}\``,
    `${about}; ${threads} ${threads === 1 ? "thread" : "threads"}${"robust" in values ? `; ${values.clean} clean and ${values.robust} robust beside ${baseline?.values.clean} and ${baseline?.values.robust}` : ""}`,
    seconds(ours.spread),
    baseline ? `${seconds(baseline.spread)} ${baseline.label}` : "",
    paired ? ratio(paired) : "",
    [ours, baseline]
      .map((side) => (side?.peakBytes ? megabytes(side.peakBytes) : ""))
      .filter(Boolean)
      .join(" / "),
    ours.seconds.length,
  ]);
  const header = ["case", "what", "median (quartiles)", "baseline", "baseline / ours", "peak memory", "n"];
  return `## ${title}\n\n${remarks[title] ?? ""}${table(header, rows)}\n`;
}

function profileSection(cases) {
  return cases
    .map(({ about, ours: { values } }) => {
      const total = Object.values(values).reduce((sum, value) => sum + value, 0);
      const rows = Object.entries(values).map(([kind, value]) => [
        kind,
        digits(value * 1000),
        `${((100 * value) / total).toFixed(1)} %`,
      ]);
      rows.push(["together", digits(total * 1000), "100.0 %"]);
      return `## Profile\n\n${remarks.Profile}The step: ${about}.\n\n${table(["kind of work", "ms", "share"], rows)}\n`;
    })
    .join("\n");
}

function peakSection(cases) {
  return cases
    .map(({ numbers, baseline }) => {
      const rows = Object.entries(baseline.values).map(([name, speed]) => [name, digits(speed)]);
      const { reached, share, shareOfWinograd } = numbers;
      return `## Share of the machine's peak\n\n${remarks.Peak}The attack steps reach ${digits(reached)} GFLOP/s, ${(100 * share).toFixed(0)} % of the highest of matrix products and direct convolutions${shareOfWinograd === undefined ? "" : ` and ${(100 * shareOfWinograd).toFixed(0)} % of the fastest Winograd convolution`}.\n\n${table(["measured", "GFLOP/s"], rows)}\n`;
    })
    .join("\n");
}

function scalingSection(cases, files) {
  const pictures = [...new Set(cases.map(({ sweep }) => sweep.picture))];
  if (pictures.length === 0) return "";
  const shown = pictures.map((picture) => {
    const own = cases.filter(({ sweep }) => sweep.picture === picture);
    const names = [...new Set(own.map(({ sweep }) => sweep.line))];
    const lines = names.map((label) => ({
      label,
      points: own
        .filter(({ sweep }) => sweep.line === label)
        .map(({ sweep: { x }, ours: { spread } }) => ({
          ...{ x, y: spread.median, low: spread.lowerQuartile, high: spread.upperQuartile },
        }))
        .sort((a, b) => a.x - b.x),
    }));
    const isTail = picture === "tail";
    const title = isTail ? "TAIL against the batch" : `A REAT step against ${picture}`;
    const file = `benchmarks/figures/${picture.replaceAll(" ", "-")}.svg`;
    const subtitle = "time, median and quartiles, logarithmic axes";
    const axis = isTail ? "batch size" : picture;
    files.set(file, sweepChart({ id: picture.replaceAll(" ", "-"), title, subtitle, axis, lines }));
    const rows = lines.flatMap(({ label, points }) =>
      points.map(({ x, y, low, high }) => [
        label,
        x,
        seconds({ median: y, lowerQuartile: low, upperQuartile: high }),
      ]),
    );
    return `### ${title}\n\n![${title}](${file})\n\n${table(["", axis, "median (quartiles)"], rows)}\n`;
  });
  return `## Scaling\n\n${remarks.Scaling}${shown.join("\n")}`;
}

function provenance(records) {
  return `## What it was measured on\n\n${records
    .map(({ file, record: { command, machine, quick, cases, skipped } }) => {
      const version = cases[0].ours.version;
      const loads = cases.flatMap(({ loadBefore, loadAfter }) => [loadBefore, loadAfter]);
      const state = machine.modified ? " with changes" : "";
      const left = skipped.map(({ name, reason }) => ` ${name} was skipped: ${reason}.`).join("");
      return `- [${file}](benchmarks/${file}): \`${command}\`, commit ${machine.commit?.slice(0, 10) ?? "unknown"}${state}, ${machine.cpu}, ${machine.cores} cores, LibTorch ${version}, BLAS: ${machine.blas}, Node ${machine.node}, ${machine.time.slice(0, 10)}${quick ? ", few repetitions" : ""}; load average ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}, the benchmark's own two threads included.${left}`;
    })
    .join("\n")}\n`;
}

/** The page and its figures, by path relative to docs/. */
export function benchmarksPage() {
  const { records, cases } = readRecords();
  const files = new Map();
  const named = (prefix) => cases.filter(({ name }) => name.startsWith(prefix));
  const parts = [
    remarks.top,
    targetsSection(cases),
    casesSection("Training steps", named("train/")),
    casesSection("Evaluation", named("evaluate/")),
    casesSection("Attack steps", named("attack/")),
    peakSection(named("attack/share-of-peak")),
    casesSection("Levers", named("lever/")),
    profileSection(named("profile/")),
    scalingSection(named("scaling/"), files),
    casesSection("Data preparation", named("data/")),
    casesSection("What a call costs", named("call/")),
    remarks.spinning,
    provenance(records),
  ];
  files.set("benchmarks.md", parts.filter(Boolean).join("\n"));
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(join(here, "figures"), { recursive: true });
  for (const [file, text] of benchmarksPage()) writeFileSync(join(here, "..", file), text);
  console.log(`wrote docs/benchmarks.md and ${readdirSync(join(here, "figures")).length} figures`);
}
