// npm run soak: many small trainings and evaluations in one process, as a server would run them; memory must stay flat.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readRun, renderReport } from "#reat/report/index.js";
import { largeBlocks, liveTensors, setThreads } from "#reat/tensor/index.js";
import { currentEnvironment } from "#reat/training/index.js";
import { provenance } from "../provenance.js";
import { evaluateLarge, tinyRun, trainTiny } from "../tiny-training.js";
import { growthOf, type MemorySample } from "./growth.js";

const usage = `Usage: npm run soak -- [options]

Each round trains a tiny network in a run folder of its own, measures it between epochs and at the end, reads the run,
makes its report, and attacks images large enough that freed memory is kept. Ends with 1 where memory grows.

  --rounds N       default 2000
  --record FILE    write what was held, as JSON
  --help           show this text`;

const options = {
  rounds: { type: "string", default: "2000" },
  record: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

const samples = 100;

function held(round: number): MemorySample {
  const { rss, heapUsed, external } = process.memoryUsage();
  const { inUseBytes, keptBytes } = largeBlocks();
  return {
    ...{ round, liveTensors: liveTensors(), inUseBytes, keptBytes },
    ...{ residentBytes: rss, heapBytes: heapUsed, externalBytes: external },
  };
}

async function main(): Promise<void> {
  const given = parseArgs({ options }).values;
  if (given.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const rounds = Number(given.rounds);
  if (!(Number.isSafeInteger(rounds) && rounds >= samples)) {
    throw new Error(`--rounds takes a whole number of at least ${samples}, got "${given.rounds}"`);
  }
  setThreads(1);
  const environment = currentEnvironment("cpu");
  const folder = mkdtempSync(join(tmpdir(), "reat-soak-"));
  const origin = provenance(`npm run soak -- --rounds ${rounds}`);
  const memory: MemorySample[] = [];
  const began = performance.now();
  try {
    for (let round = 1; round <= rounds; round++) {
      const path = join(folder, `run-${round}`);
      await trainTiny(await tinyRun(path, environment), { seed: round, measured: true });
      renderReport([await readRun(path)]);
      evaluateLarge(round);
      rmSync(path, { recursive: true });
      if (round % Math.floor(rounds / samples) === 0) memory.push(held(round));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const seconds = (performance.now() - began) / 1000;
  const growth = growthOf(memory);
  for (const { what, early, late, flat } of growth) {
    process.stdout.write(`${what}: ${early} early, ${late} late: ${flat ? "flat" : "GROWS"}\n`);
  }
  process.stdout.write(`${rounds} rounds, ${seconds.toFixed(0)} s\n`);
  if (given.record !== undefined) {
    const record = {
      ...origin,
      rounds,
      seconds,
      growth,
      samples: memory,
    };
    writeFileSync(given.record, `${JSON.stringify(record, null, 1)}\n`);
  }
  process.exitCode = growth.every(({ flat }) => flat) ? 0 : 1;
}

await main();
