// Fills the generated blocks of docs/scaling.md from the record beside this file, and from that of the benchmarks on a GPU.
//
// Usage, after `npm run setup`: node docs/scaling/page.mjs
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildModel } from "reat/nn";
import { Generator } from "reat/tensor";
import { fillBlocks } from "../generated-blocks.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const page = join(here, "..", "scaling.md");
const read = (file) => JSON.parse(readFileSync(file, "utf8"));
const record = read(join(here, "processes.json"));
const gpu = read(join(here, "..", "benchmarks", "gpu.json"));

const row = (cells) => `| ${cells.join(" | ")} |`;
const table = (head, rows) => [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
const digits = (value) => String(Number(value.toPrecision(3)));
const milliseconds = (seconds) => `${digits(1000 * seconds)} ms`;
const megabytes = (bytes) => `${digits(bytes / 1e6)} MB`;

function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}
const median = (values) => quantile(values, 0.5);
const spread = (values) =>
  `${milliseconds(median(values))} (${[0.25, 0.75].map((share) => digits(1000 * quantile(values, share))).join("–")})`;

/** Bytes that each process sends in a step. */
const sent = (rowBytes, processes, partsEach, reduction) =>
  reduction === "fast"
    ? (2 * (processes - 1) * rowBytes) / processes
    : (processes - 1) * partsEach * rowBytes;

function measuredBlock() {
  const rows = record.results.flatMap(({ network, batchSize, arrangements }) => {
    const alone = median(arrangements[0].seconds);
    return arrangements.map(({ name, processes, shards, reduction, seconds, exchange, rowBytes }) => [
      `${network}, batch ${batchSize}`,
      name,
      spread(seconds),
      (alone / median(seconds)).toFixed(2),
      processes === 1 ? "–" : megabytes(sent(rowBytes, processes, shards / processes, reduction)),
      exchange.length === 0 ? "–" : milliseconds(median(exchange)),
    ]);
  });
  const of = (arrangements, end) => median(arrangements.find(({ name }) => name.endsWith(end)).seconds);
  const costs = record.results.map(({ network, arrangements }) => {
    const more = 100 * (of(arrangements, "ordered") / of(arrangements, "fast") - 1);
    return `${Math.abs(more).toFixed(0)} % ${more < 0 ? "less" : "more"} than with \`fast\` on ${network}`;
  });
  const { cpu, cores, libtorch, node, commit, modified, time, loadBefore } = record.machine;
  const head = ["network", "arrangement", "a step", "images a second", "sent by each", "exchange alone"];
  return `${table(head, rows)}

Medians (and quartiles) of ${record.results.map(({ network, arrangements }) => `${arrangements[0].seconds.length} steps of ${network}`).join(" and ")} of REAT with PGD-10, the arrangements in turns; images a second as
a multiple of the first line's. \`${record.command}\`, commit ${commit?.slice(0, 10) ?? "unknown"}${modified ? " with changes" : ""}, ${cpu}, ${cores} cores, LibTorch ${libtorch}, Node ${node}, ${time.slice(0, 10)}, load
average before ${loadBefore.toFixed(1)}. A step of two processes with \`ordered\` takes ${costs.join(", and ")}; quartiles that are far apart
tell of a machine that did something else beside.`;
}

const links = [
  { name: "25 Gb/s Ethernet", bytes: 25e9 / 8 },
  { name: "100 Gb/s Ethernet", bytes: 100e9 / 8 },
  { name: "400 Gb/s InfiniBand (NDR)", bytes: 400e9 / 8 },
];
/** PCI Express 4.0 with 16 lanes, one way: gradients pass through the CPU's memory. */
const bus = 32e9;
const counts = [2, 4, 8, 16, 32, 64];
/** The benchmark's cases are of so many steps. */
const stepsOfCase = 10;

function calculatedBlock() {
  const rows = [
    { name: "gpu/reat-bfloat16", network: "resnet18" },
    { name: "gpu/reat-wrn28-10-bfloat16", network: "wrn28_10" },
  ].flatMap(({ name, network }) => {
    const measured = gpu.cases.find((each) => each.name === name);
    if (!measured.about.startsWith(`${stepsOfCase} training steps`))
      throw new Error(`${name} is another case`);
    const step = measured.ours.spread.median / stepsOfCase;
    const rowBytes = 4 * numbersOf(network) + 4 * measured.work.batchSize * measured.work.counts.length;
    return links.flatMap((link) =>
      ["fast", "ordered"].map((reduction) => [
        `${network}, ${milliseconds(step)} a step, ${megabytes(rowBytes)}`,
        ...[link.name, reduction],
        ...counts.map((count) => {
          const exchange = (2 * rowBytes) / bus + sent(rowBytes, count, 1, reduction) / link.bytes;
          return `${Math.round((100 * step) / (step + exchange))} %`;
        }),
      ]),
    );
  });
  const gpuName = gpu.machine.gpus[0].replace(/, driver.*/, "");
  const head = ["network", "link", "reduction", ...counts.map(String)];
  return `**This is a calculation, not a measurement.**

${table(head, rows)}

Share of the time that GPUs compute, where each has a part of 128 images: t / (t + 2b/c + v/l) with the step's time t as measured on one ${gpuName} (REAT, PGD-10, bfloat16;
[gpu.json](benchmarks/gpu.json)), b the bytes of a part's gradients and statistics, c = 32 GB/s of PCI Express 4.0 with 16 lanes, v the bytes that
each process sends (b·(P − 1) with \`ordered\`, 2b·(P − 1)/P with \`fast\`), and l the link's published speed. Latency, waiting for the slowest, and the addition of the parts are left out, so that
real figures are lower.`;
}

function numbersOf(network) {
  const model = buildModel(network, { classes: 10, generator: new Generator(0) });
  const buffers = [...model.namedBuffers().values()].filter(({ dtype }) => dtype.includes("float"));
  const numbers = [...model.parameters(), ...buffers].reduce((sum, { size }) => sum + size, 0);
  model.dispose();
  return numbers;
}

/** The page's text with its blocks filled. */
export function scalingPage() {
  const blocks = new Map([
    ["measured", measuredBlock()],
    ["calculated", calculatedBlock()],
  ]);
  return fillBlocks(readFileSync(page, "utf8"), blocks);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, scalingPage());
