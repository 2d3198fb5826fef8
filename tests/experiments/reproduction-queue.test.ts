// The queue of a reproduction at work: stopped and continued, shared, and going on after a run that fails.
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { generateSynthetic, writePacked } from "../../src/data/index.js";
import {
  isFinished,
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
  expect(trainingState(first!, plan)).toEqual({ trained: true, missing: [], featuresMissing: false });

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

it("draws a figure from its runs: what was predicted, how far examples moved, features and their map, and what the text says", async () => {
  const plan = planReproduction({
    ...{ artefacts: ["figure-2"], seeds: [0], budget: "smoke", runsFolder, data },
  });
  expect(plan.trainings).toHaveLength(2);
  expect(await workThrough(plan)).toEqual([]);
  const [features] = readReproduction(plan).figures;
  for (const { map, seedsDone, predictions, distances } of features!.rows) {
    expect(seedsDone).toEqual([0]);
    expect(map!.points).toHaveLength(20);
    expect(new Set(map!.labels).size).toBe(10);
    expect(predictions.map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(distances.map(({ epoch }) => epoch)).toEqual([2]);
    expect(distances[0]!.tail).toBeGreaterThan(0);
    for (const point of map!.points) for (const value of point) expect(Number.isFinite(value)).toBe(true);
  }
  expect(features!.claims.map(({ verdict, agreement }) => [verdict, agreement])).toEqual([
    ["one run", "not told"],
  ]);
  const { trainings } = plan;
  const again = trainings.map((training) => trainingState(training, plan));
  expect(again.every(isFinished)).toBe(true);
  // A figure's file that is gone is made again, and nothing else.
  const mapped = trainings.find((training) => training.features)!;
  rmSync(join(mapped.folder, "features.safetensors"));
  expect(trainingState(mapped, plan)).toEqual({ trained: true, missing: [], featuresMissing: true });
});
