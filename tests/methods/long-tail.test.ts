// What the project is for, small: on long-tailed data the balanced losses beat plain cross entropy on the tail, under attack.
import { afterAll, expect, it } from "vitest";
import { namedAttack } from "../../src/attacks/index.js";
import {
  evaluationBatches,
  generateSynthetic,
  selectImages,
  trainingBatches,
  uploadSplit,
} from "../../src/data/index.js";
import { evaluate } from "../../src/evaluation/index.js";
import { createMethod, inferenceModel, methodOptions } from "../../src/methods/index.js";
import { SGD } from "../../src/optim/index.js";
import { Generator, grad, scope, setThreads } from "../../src/tensor/index.js";
import { TinyNetwork } from "./tiny-network.js";

setThreads(1);

/** Disc, horizontal and vertical bars; the last class has a sixteenth of the first one's images. */
const chosen = [0, 5, 9];
const classCounts = [400, 100, 25];
const dataset = generateSynthetic({ seed: 0, trainPerClass: 400, testPerClass: 100 });

const train = uploaded(dataset.train, classCounts);
const test = uploaded(dataset.test, [100, 100, 100]);
afterAll(() => {
  train.dispose();
  test.dispose();
});

function uploaded(split: typeof dataset.train, counts: readonly number[]) {
  const indices = chosen.flatMap((kind, label) =>
    [...split.labels.keys()].filter((i) => split.labels[i] === kind).slice(0, counts[label]),
  );
  const part = selectImages(split, indices);
  return uploadSplit(dataset, { ...part, labels: part.labels.map((label) => chosen.indexOf(label)) });
}

const epsilon = 2 / 255;

/** Robust accuracy of the smallest class after training by a method. */
async function tailAccuracy(wanted: { readonly name: string; readonly loss?: string }): Promise<number> {
  const options = methodOptions.parse({ ...wanted, attack: { epsilon, stepSize: epsilon, steps: 1 } });
  const model = new TinyNetwork(new Generator(1), "linear");
  const epochs = 3;
  const method = createMethod(options, { classCounts, device: "cpu", epochs });
  const optimiser = new SGD(model.namedParameters(), { learningRate: 0.05, momentum: 0.9 });
  const stream = new Generator(3);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    method.beginEpoch(epoch);
    optimiser.learningRate = epoch < epochs ? 0.05 : 0.01;
    const plan = trainingBatches(train, { batchSize: 16, seed: 2, epoch: epoch - 1, augmentation: false });
    for (let b = 0; b < plan.count; b++) {
      scope(() => {
        const result = method.step(plan.batch(b), { model, generator: stream });
        optimiser.step(grad(result.loss, model.parameters()));
      });
    }
  }
  const { attacks } = await evaluate({
    model: inferenceModel(options, { classCounts }, model),
    batches: evaluationBatches(test, 100),
    groups: ["head", "body", "tail"],
    attacks: [namedAttack("pgd-5", { epsilon, stepSize: 1 / 255 })],
    seed: 4,
  });
  method.dispose();
  model.dispose();
  return attacks[0]!.report.groups.tail!;
}

let plain: Promise<number> | undefined;

it.each([
  ["PGD-AT with balanced softmax", { name: "pgd-at", loss: "bsl" }],
  ["REAT", { name: "reat" }],
])("%s beats PGD-AT with cross entropy on the smallest class", async (_, method) => {
  plain ??= tailAccuracy({ name: "pgd-at", loss: "ce" });
  const [balanced, unbalanced] = [await tailAccuracy(method), await plain];
  // Of 100 images: three standard errors of a difference are at most 0.21.
  expect(balanced).toBeGreaterThan(unbalanced + 0.21);
});
