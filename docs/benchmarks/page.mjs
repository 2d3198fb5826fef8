// Fills the generated blocks of docs/benchmarks.md and draws its figures from the records beside this file, so that no figure is
// typed by hand. The prose between the blocks is the page's own.
//
// Usage, after `npm run setup`: node docs/benchmarks/page.mjs
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fillBlocks } from "../generated-blocks.mjs";
import { sweepChart } from "./charts.mjs";

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

/**
 * Records by name; of a case that several have measured, the one of the latest time counts, for a target the latest that could measure it.
 * `everything` are all measurements in the order of their time.
 */
function readRecords() {
  const records = readdirSync(here)
    .filter((file) => file.endsWith(".json"))
    .map((file) => ({ file, record: JSON.parse(readFileSync(join(here, file), "utf8")) }))
    .sort((a, b) => a.record.machine.time.localeCompare(b.record.machine.time));
  const everything = records.flatMap(({ file, record }) =>
    record.cases.map((measured) => ({ ...measured, file, machine: record.machine })),
  );
  const cases = new Map(everything.map((measured) => [measured.name, measured]));
  for (const measured of cases.values()) measured.targets = measuredWherePossible(measured, everything);
  const used = new Set(
    [...cases.values(), ...everything.filter(isPeak), ...everything.filter(isBesideFaster)].map(
      ({ file }) => file,
    ),
  );
  return {
    ...{ records: records.filter(({ file }) => used.has(file)), cases: [...cases.values()] },
    everything,
  };
}

/**
 * A target that the latest machine could not measure is held to what the latest one measured that could. What that record says of it counts
 * only if the target was the same.
 */
function measuredWherePossible({ name, targets }, everything) {
  const earlier = everything
    .filter((measured) => measured.name === name)
    .flatMap((measured) => measured.targets);
  return targets.map((target) => {
    if (target.measured !== null) return target;
    const last = earlier.findLast(({ number, measured }) => number === target.number && measured !== null);
    return last ? { ...target, measured: last.measured, met: last.met && last.text === target.text } : target;
  });
}

/** Shown of every machine: not each has oneDNN's Winograd convolutions. */
const isPeak = ({ name }) => name === "attack/share-of-peak";
const isBesideFaster = ({ name }) =>
  /^train\/.*-kept-memory$|^train\/reat-(channels-last|compiled)$/.test(name);

function targetsBlock(cases) {
  const rows = cases.flatMap((measured) =>
    measured.targets.map(({ text, measured: value, met }) => [
      measured.name,
      text,
      value === null ? "" : value < 100 ? digits(value) : Math.round(value).toLocaleString("en"),
      value === null ? "not measured there" : met ? "met" : "**not met**",
    ]),
  );
  return table(["case", "target", "measured", ""], rows);
}

const correct = ({ clean, robust, unconfirmed }) =>
  [
    clean !== undefined && `${clean} clean and`,
    `${robust} robust`,
    unconfirmed ? `(${unconfirmed} not confirmed)` : "",
  ]
    .filter(Boolean)
    .join(" ");

function casesTable(cases) {
  const rows = cases.map(({ name, about, ours, baseline, ratio: paired, threads, ours: { values } }) => [
    `\`${name}\``,
    `${about}; ${threads} ${threads === 1 ? "thread" : "threads"}${"robust" in values ? `; ${correct(values)} beside ${correct(baseline.values)}` : ""}`,
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
  return table(header, rows);
}

function profileBlock(cases) {
  return cases
    .map(({ about, ours: { values } }) => {
      const total = Object.values(values).reduce((sum, value) => sum + value, 0);
      const rows = Object.entries(values).map(([kind, value]) => [
        kind,
        digits(value * 1000),
        `${((100 * value) / total).toFixed(1)} %`,
      ]);
      rows.push(["together", digits(total * 1000), "100.0 %"]);
      return `The step: ${about}.\n\n${table(["kind of work", "ms", "share"], rows)}`;
    })
    .join("\n\n");
}

function peakBlock(cases) {
  return cases
    .map(({ numbers, baseline, file }) => {
      const rows = Object.entries(baseline.values).map(([name, speed]) => [name, digits(speed)]);
      const { reached, share, shareOfWinograd, winogradOfNetwork, shareOfWinogradOfNetwork } = numbers;
      const percent = (part) => `${(100 * part).toFixed(0)} %`;
      const fastest = shareOfWinograd
        ? ` and ${percent(shareOfWinograd)} of the fastest Winograd convolution`
        : "";
      const network = shareOfWinogradOfNetwork
        ? ` At oneDNN's speeds below, all convolutions of stride 1 of the network together would reach ${digits(winogradOfNetwork)} GFLOP/s; the steps reach ${percent(shareOfWinogradOfNetwork)} of it, with everything else that they do.`
        : "";
      return `In ${file} the attack steps reach ${digits(reached)} GFLOP/s, ${percent(share)} of the highest of matrix products and direct convolutions${fastest}.${network}\n\n${table(["measured", "GFLOP/s"], rows)}`;
    })
    .join("\n\n");
}

function tilesBlock(cases) {
  return cases
    .map(({ ours: { values } }) => {
      const { in: toPoints, products, out, limit, reached, bound } = values;
      const all = toPoints + products + out;
      const percent = (part) => `${((100 * part) / all).toFixed(0)} %`;
      const layers = Object.entries(values)
        .filter(([name]) => name.endsWith(" products"))
        .map(([name, speed]) => [
          name.replace(/ products$/, ""),
          digits(speed),
          `${((100 * speed) / limit).toFixed(0)} %`,
        ]);
      const text = `In one thread, products take ${percent(products)} of the time, the way to the points ${percent(toPoints)} and the way back ${percent(out)}. Products whose numbers stay in the first cache reach ${digits(limit)} GFLOP/s. If all ran at that speed and the transformations cost nothing, the convolutions would reach ${digits(bound)} GFLOP/s, counted as direct ones; they reach ${digits(reached)}, ${((100 * reached) / bound).toFixed(0)} % of it.`;
      return `${text}\n\n${table(["layer", "products, GFLOP/s", "of the limit"], layers)}`;
    })
    .join("\n\n");
}

/** What a step would take if it consisted of convolutions at the speeds that the same record measured of them. */
function limitsBlock(everything) {
  const of = (file, name) => everything.find((measured) => measured.file === file && measured.name === name);
  const texts = everything
    .filter(({ name }) => name === "profile/tiles")
    .flatMap(({ file, ours: { values } }) => {
      const [peak, step] = [of(file, "attack/share-of-peak"), of(file, "train/reat-cifar10-kept-memory")];
      if (!peak || !step) return [];
      const { attackSteps } = peak.work;
      // Forward and back to the images; a training pass has the gradient of the weights, too.
      const ofAttackStep = (peak.numbers.reached * peak.ours.spread.median) / attackSteps;
      const operations = ofAttackStep * (step.work.attackSteps + 1.5);
      const { median } = step.ours.spread;
      const baseline = step.baseline.spread.median;
      const [kernels, bound] = [values.reached, values.bound].map(
        (speed) => operations / (speed * step.threads),
      );
      return [
        `In ${file} a REAT step takes ${digits(median)} s beside ${digits(baseline)} s. If ${step.threads} threads convolved at the speed that one reaches alone, and nothing else took any time, it would be ${digits(kernels)} s, a ratio of ${(baseline / kernels).toFixed(2)}; with products at their limit and transformations for nothing ${digits(bound)} s, ${(baseline / bound).toFixed(2)}.`,
      ];
    });
  return texts.join("\n\n");
}

function stemBlock(cases) {
  const rows = cases.map(({ about, ours, numbers }) => [
    about.replace(/, beside.*/, ""),
    seconds(ours.spread),
    `${(100 * numbers.stemShare).toFixed(1)} %`,
  ]);
  return table(["what", "median (quartiles)", "of it the stem"], rows);
}

/** Steps beside a baseline that is made faster, on every machine and LibTorch that measured them: the ratio is not the same on all. */
function machinesBlock(everything) {
  const rows = everything
    .filter(isBesideFaster)
    .sort((a, b) => a.name.localeCompare(b.name))
    .map(({ name, file, machine, ours, baseline, ratio: measured }) => [
      `\`${name}\``,
      machine.processor ?? "not recorded",
      ours.version,
      seconds(ours.spread),
      seconds(baseline.spread),
      ratio(measured),
      `[${file}](benchmarks/${file})`,
    ]);
  const header = [
    "case",
    "processor",
    "LibTorch",
    "median (quartiles)",
    "PyTorch",
    "baseline / ours",
    "record",
  ];
  return table(header, rows);
}

function scalingBlock(cases, files) {
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
  return shown.join("\n");
}

function provenance(records) {
  return records
    .map(({ file, record: { command, machine, quick, cases, skipped } }) => {
      const version = cases[0].ours.version;
      const loads = cases.flatMap(({ loadBefore, loadAfter }) => [loadBefore, loadAfter]);
      const state = machine.modified ? " with changes" : "";
      const left = skipped.map(({ name, reason }) => ` ${name} was skipped: ${reason}.`).join("");
      return `- [${file}](benchmarks/${file}): \`${command}\`, ${machine.commit ? `commit ${machine.commit.slice(0, 10)}${state}` : "commit not recorded"}, ${machine.cpu}${machine.processor ? ` (${machine.processor})` : ""}, ${machine.cores} cores, LibTorch ${version}, BLAS: ${machine.blas}, Node ${machine.node}, ${machine.time.slice(0, 10)}${quick ? ", few repetitions" : ""}; load average ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}, the benchmark's own two threads included.${left}`;
    })
    .join("\n");
}

/** The page and its figures, by path relative to docs/. */
export function benchmarksPage() {
  const { records, cases, everything } = readRecords();
  const files = new Map();
  const named = (prefix) => cases.filter(({ name }) => name.startsWith(prefix));
  const blocks = new Map([
    ["targets", targetsBlock(cases)],
    ["training-steps", casesTable(named("train/"))],
    ["machines", machinesBlock(everything)],
    ["evaluation", casesTable(named("evaluate/"))],
    ["attack-steps", casesTable([...named("attack/steps"), ...named("attack/share")])],
    ["peak", peakBlock(everything.filter(isPeak))],
    ["limits", limitsBlock(everything)],
    ["stem", stemBlock(named("attack/stem-of-"))],
    ["tiles", tilesBlock(named("profile/tiles"))],
    ["gpu", casesTable(named("gpu/"))],
    ["levers", casesTable(named("lever/"))],
    ["profile", profileBlock(named("profile/reat-step"))],
    ["scaling", scalingBlock(named("scaling/"), files)],
    ["data-preparation", casesTable(named("data/"))],
    ["calls", casesTable(named("call/"))],
    ["provenance", provenance(records)],
  ]);
  files.set("benchmarks.md", fillBlocks(readFileSync(join(here, "..", "benchmarks.md"), "utf8"), blocks));
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(join(here, "figures"), { recursive: true });
  for (const [file, text] of benchmarksPage()) writeFileSync(join(here, "..", file), text);
  console.log(`wrote docs/benchmarks.md and ${readdirSync(join(here, "figures")).length} figures`);
}
