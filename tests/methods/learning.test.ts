// Every method learns: two epochs on embedded images of three classes end above chance on attacked test images.
import { afterAll, expect, it } from "vitest";
import { namedAttack } from "../../src/attacks/index.js";
import {
  classGroups,
  evaluationBatches,
  generateSynthetic,
  type ImageSplit,
  selectImages,
  trainingBatches,
  uploadSplit,
} from "../../src/data/index.js";
import { evaluate } from "../../src/evaluation/index.js";
import { createMethod, inferenceModel, methodNames, methodOptions } from "../../src/methods/index.js";
import { SGD } from "../../src/optim/index.js";
import { Generator, grad, scope, setThreads } from "../../src/tensor/index.js";
import { TinyNetwork } from "./tiny-network.js";

setThreads(1);

/** Disc, horizontal and vertical bars: told apart within seconds. */
const chosen = [0, 5, 9];
const dataset = generateSynthetic({ seed: 0, trainPerClass: 400, testPerClass: 60 });

function three(split: ImageSplit) {
  const indices = [...split.labels.keys()].filter((i) => chosen.includes(split.labels[i]!));
  const part = selectImages(split, indices);
  return uploadSplit(dataset, { ...part, labels: part.labels.map((label) => chosen.indexOf(label)) });
}
const [train, test] = [three(dataset.train), three(dataset.test)];
afterAll(() => {
  train.dispose();
  test.dispose();
});
const classCounts = [400, 400, 400];

/** Small: the plain method, which sees no adversarial examples, is to pass as well. */
const epsilon = 2 / 255;

it.each(methodNames)("%s", async (name) => {
  const attack = name === "plain" ? {} : { attack: { epsilon, stepSize: epsilon, steps: 1 } };
  // TAET: an epoch a stage.
  const own = name === "taet" ? { cleanEpochs: 1 } : {};
  const options = methodOptions.parse({ name, ...attack, ...own });
  const model = new TinyNetwork(new Generator(1), name === "robal" ? "cosine" : "linear");
  const method = createMethod(options, { classCounts, device: "cpu", epochs: 2 });
  const optimiser = new SGD(model.namedParameters(), { learningRate: 0.05, momentum: 0.9 });
  // Steps on weights that are normalised are longer for what they turn.
  const rate = name === "robal" ? 0.02 : 0.05;
  const stream = new Generator(3);
  for (const epoch of [1, 2]) {
    method.beginEpoch(epoch);
    optimiser.learningRate = epoch === 1 ? rate : rate / 5;
    const plan = trainingBatches(train, { batchSize: 10, seed: 2, epoch: epoch - 1, augmentation: false });
    for (let b = 0; b < plan.count; b++) {
      scope(() => {
        const result = method.step(plan.batch(b), { model, generator: stream });
        optimiser.step(grad(result.loss, model.parameters()));
      });
    }
  }
  const { attacks } = await evaluate({
    model: inferenceModel(options, { classCounts }, model),
    batches: evaluationBatches(test, 90),
    groups: classGroups(classCounts),
    attacks: [namedAttack("pgd-5", { epsilon, stepSize: 1 / 255 })],
    seed: 4,
  });
  // 180 images: 3 standard deviations of guessing are 0.105.
  expect(attacks[0]!.report.accuracy).toBeGreaterThan(1 / 3 + 0.105);
  method.dispose();
  model.dispose();
});
