// The queue of a reproduction at work: stopped and continued, shared, and going on after a run that fails.
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { generateSynthetic, writePacked } from "../../src/data/index.js";
import {
  planReproduction,
  readReproduction,
  trainingState,
  workThrough,
} from "../../src/experiments/index.js";
import { setThreads } from "../../src/tensor/index.js";
import { tryLock } from "../../src/training/index.js";

setThreads(1);
const runsFolder = mkdtempSync(join(tmpdir(), "reat-reproduction-"));
const data = join(runsFolder, "tiny.reatpack");
writePacked(data, generateSynthetic({ trainPerClass: 12, testPerClass: 2 }));
afterAll(() => rmSync(runsFolder, { recursive: true, force: true }));

it("goes on after a stop, waits for runs of others, and finishes the rest where one fails", async () => {
  const plan = planReproduction({
    ...{ artefacts: ["table-2"], rows: ["REAT"], seeds: [0], budget: "smoke", runsFolder, data },
  });
  const [first, second] = plan.trainings;
  const stop = new AbortController();
  const stopped = workThrough(plan, {
    signal: stop.signal,
    onTraining: (_, { batch }) => {
      if (batch >= 1) stop.abort(new Error("enough"));
    },
  });
  await expect(stopped).rejects.toThrow("enough");
  expect(trainingState(first!, plan).trained).toBe(false);

  // Another process holds the first run; it lets go while this one waits.
  const other = tryLock(`${first!.folder}.lock`);
  const waited: string[] = [];
  // The second run's folder is not one that a run can be made in.
  writeFileSync(second!.folder, "a file");
  const failed = await workThrough(plan, {
    onWait: ({ key }) => {
      waited.push(key);
      if ("lock" in other) other.lock[Symbol.dispose]();
    },
  });
  expect(waited).toEqual([first!.key]);
  expect(failed.map(({ training }) => training.key)).toEqual([second!.key]);
  expect(trainingState(first!, plan)).toEqual({ trained: true, missing: [] });

  rmSync(second!.folder);
  const before = statSync(join(first!.folder, "checkpoints", "last.safetensors")).mtimeMs;
  const begun: string[] = [];
  expect(await workThrough(plan, { onBegin: ({ key }) => begun.push(key) })).toEqual([]);
  expect(begun).toEqual([second!.key]);
  expect(statSync(join(first!.folder, "checkpoints", "last.safetensors")).mtimeMs).toBe(before);
  const { tables } = readReproduction(plan);
  const [baseline, reat] = tables[0]!.rows;
  expect(baseline!.cells.every(({ ours }) => ours!.runs === 1)).toBe(true);
  expect(reat!.cells.map(({ verdict }) => verdict)).toEqual(["one run", "one run", "one run"]);
});
