// Adversarial training must teach: robust accuracy far above chance on images that were never trained on.
import { afterAll, describe, expect, it } from "vitest";
import { namedAttack } from "../../src/attacks/index.js";
import { classGroups, evaluationBatches, trainingBatches } from "../../src/data/index.js";
import { evaluate } from "../../src/evaluation/index.js";
import { createMethod, methodOptions } from "../../src/methods/index.js";
import { Generator, keep, rand, type Generator as Stream, scope, tensor } from "../../src/tensor/index.js";
import { train } from "../../src/training/index.js";
import { eventsOf, TinyModel, temporaryRuns, tinyOptions } from "./tiny-run.js";

const runs = temporaryRuns();
afterAll(runs.remove);

/** Noise with a tint: red, green, blue or grey. `counts` images a class. */
function tinted(counts: readonly number[], generator: Stream) {
  const ids = counts.flatMap((count, label) => new Array<number>(count).fill(label));
  const tints = [
    [0.18, 0, 0],
    [0, 0.18, 0],
    [0, 0, 0.18],
    [0, 0, 0],
  ].map((tint) => tint.map((value) => [[value]]));
  return scope(() => {
    const labels = tensor(ids, { dtype: "int64" });
    const images = rand([ids.length, 3, 8, 8], generator).mul(0.8).add(tensor(tints).indexSelect(0, labels));
    const bytes = keep(images.mul(255).to("uint8"));
    keep(labels);
    const dispose = () => [bytes, labels].forEach((part) => void part.dispose());
    return { images: bytes, labels, count: ids.length, dispose, [Symbol.dispose]: dispose };
  });
}

describe("PGD-AT through the trainer", () => {
  it("reaches robust accuracy far above chance on a long-tailed set", async () => {
    const counts = [120, 60, 40, 30];
    const generator = new Generator(11);
    using training = tinted(counts, generator);
    using test = tinted([40, 40, 40, 40], generator);
    const groups = classGroups(counts);
    const model = new TinyModel();
    const measure = async () => {
      const batches = evaluationBatches(test, 40);
      const attacks = [namedAttack("pgd-20")];
      const { clean, attacks: results } = await evaluate({ model, batches, groups, attacks, seed: 4 });
      return { clean, robust: results[0]!.report };
    };
    const before = await measure();
    const run = await runs.create("learning");
    const options = tinyOptions(run, {
      model,
      method: createMethod(methodOptions.parse({ name: "pgd-at", loss: "bsl", attack: { steps: 5 } }), {
        classCounts: counts,
        device: "cpu",
      }),
      epochs: 25,
      batchesPerEpoch: 8,
      batches: (epoch) =>
        trainingBatches(training, { batchSize: 32, seed: 2, epoch: epoch - 1, augmentation: false }),
      evaluation: { split: "test", attack: "pgd-20", everyEpochs: 25, run: measure },
    });
    await train(options);
    const after = await measure();
    expect(before.robust.accuracy).toBeLessThan(0.4);
    // Chance is 0.25.
    expect(after.robust.accuracy).toBeGreaterThan(0.7);
    expect(after.clean.accuracy).toBeGreaterThanOrEqual(after.robust.accuracy);
    const losses = eventsOf(run).flatMap((event) => (event.type === "epoch" ? [event.loss] : []));
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
  });
});
