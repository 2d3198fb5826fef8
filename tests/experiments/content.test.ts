// What was measured on other images, or with other weights, is no result of these: names and epochs decide nothing.
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createDataset, type ImageDataset, loadDataset, writePacked } from "../../src/data/index.js";
import { evaluateRun } from "../../src/experiments/index.js";
import { readRun } from "../../src/report/reading/index.js";
import { writeCheckpoint } from "../../src/training/checkpoint.js";
import { readCheckpoint } from "../../src/training/index.js";
import { TinyExperiments } from "./tiny-experiment.js";

let place: TinyExperiments;
let run: string;
let dataset: ImageDataset;
beforeAll(async () => {
  place = new TinyExperiments();
  run = await place.train("tiny");
  await place.agreeWith(run);
  dataset = await loadDataset(place.data);
}, 60_000);
afterAll(() => place.dispose());

/** Measures on the test images of a set of the same name, and says how many batches that took. */
async function measure(data: string) {
  let batches = 0;
  const { results } = await evaluateRun(run, {
    ...{ attacks: ["pgd-1"], images: null, checkpoints: ["last"] },
    overrides: [`data.source=${JSON.stringify(data)}`],
    onProgress: () => {
      batches += 1;
    },
  });
  return { correct: results[0]!.clean.correct, batches };
}

/** A copy with the same name in another folder, with other test labels. */
function otherLabels(): string {
  const file = join(place.folder, "copy", "tiny.reatpack");
  mkdirSync(join(place.folder, "copy"), { recursive: true });
  const labels = dataset.test.labels.map((label) => (label + 1) % 10);
  writePacked(file, createDataset({ ...dataset, test: { ...dataset.test, labels } }));
  return file;
}

it("other test images of the same name are measured; those known are not measured again", async () => {
  const first = await measure(place.data);
  expect(first).toEqual({ correct: dataset.test.count, batches: expect.any(Number) });
  expect(first.batches).toBeGreaterThan(0);
  const other = otherLabels();
  expect((await measure(other)).correct).toBe(0);
  expect(await measure(other)).toEqual({ correct: 0, batches: 0 });
  expect(await measure(place.data)).toEqual({ correct: dataset.test.count, batches: 0 });
  // A report does not mix them, and says what it leaves out.
  const { missing } = await readRun(run);
  expect(missing).toContainEqual(
    expect.stringMatching(/^1 stored results are of other weights or other images/),
  );
});

it("replaced weights of the same epoch are measured", async () => {
  const file = join(run, "checkpoints", "last.safetensors");
  copyFileSync(file, `${file}.kept`);
  const { state, parts } = await readCheckpoint(file);
  const model = new Map(
    [...parts.model].map(([name, stored]) => [name, { ...stored, bytes: stored.bytes.slice() }]),
  );
  // The last layer, weights and biases.
  for (const { bytes } of [...model.values()].slice(-2)) bytes.fill(0);
  await writeCheckpoint(file, { state, parts: { ...parts, model } });
  const replaced = await measure(place.data);
  expect(replaced.batches).toBeGreaterThan(0);
  expect(replaced.correct).toBeLessThan(dataset.test.count);
  copyFileSync(`${file}.kept`, file);
  expect((await measure(place.data)).correct).toBe(dataset.test.count);
});
