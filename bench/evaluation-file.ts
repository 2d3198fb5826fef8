// The file that both sides evaluate: a network's weights, test images and labels.
import { createWriteStream, existsSync, renameSync } from "node:fs";
import { finished } from "node:stream/promises";
import {
  buildModel,
  createMethod,
  Generator,
  grad,
  type ImageClassifier,
  type ImageDataset,
  methodOptions,
  SGD,
  scope,
  setThreads,
  trainingBatches,
} from "reat";
import { generateSynthetic, loadDataset, selectImages, syntheticDefaults, uploadSplit } from "reat/data";
import { encodeSafetensors, type StoredTensor, storeTensor } from "reat/training";
import { loadWeightsFile, readWeightsFile } from "reat/weights";

/** What is evaluated. */
export interface EvaluationInput {
  readonly images: number;
  /** Weights of a ResNet-18, in a file that `reat eval` reads; without one, a network is trained here on synthetic images. */
  readonly weights?: string | undefined;
  /** The data set that the weights belong to. */
  readonly data?: string | undefined;
}

/** Long enough that the accuracy is neither chance nor perfect, also under attack. */
const training = { steps: 80, batchSize: 32, attackSteps: 2, learningRate: 0.02 };

/** Writes the file if it does not exist yet. @throws ReatError for weights or data that cannot be read */
export async function writeEvaluationFile(
  file: string,
  { images, weights, data }: EvaluationInput,
  onProgress: (text: string) => void,
): Promise<void> {
  if (existsSync(file)) return;
  const dataset = data && weights ? await loadDataset(data) : generateSynthetic(syntheticDefaults);
  const model = buildModel("resnet18", { classes: dataset.classNames.length, generator: new Generator(0) });
  if (weights) loadWeightsFile(await readWeightsFile(weights), model);
  else trainBriefly(model, dataset, onProgress);
  const { test } = dataset;
  const wanted = Math.min(images, test.count);
  // Evenly over the split: if it is sorted by class, its first images would leave classes out.
  const places = Uint32Array.from({ length: wanted }, (_, i) => Math.floor((i * test.count) / wanted));
  await scope(() => {
    using split = uploadSplit(dataset, selectImages(test, places));
    const tensors = new Map<string, StoredTensor>([
      ...[...model.stateDict()].map(([name, tensor]) => [name, storeTensor(tensor.detach())] as const),
      ["images", storeTensor(split.images)],
      ["labels", storeTensor(split.labels)],
    ]);
    return { write: writeParts(file, encodeSafetensors({ tensors, metadata: {} })) };
  }).write;
  model.dispose();
}

function trainBriefly(model: ImageClassifier, dataset: ImageDataset, onProgress: (text: string) => void) {
  const { steps, batchSize, attackSteps, learningRate } = training;
  setThreads(2);
  const options = methodOptions.parse({ name: "pgd-at", attack: { steps: attackSteps } });
  const classCounts = dataset.classNames.map(() => 1);
  const method = createMethod(options, { classCounts, device: "cpu" });
  const optimizer = new SGD(model.namedParameters(), { learningRate, momentum: 0.9 });
  const generator = new Generator(1);
  using split = uploadSplit(dataset, dataset.train);
  const plan = trainingBatches(split, { batchSize, seed: 0, epoch: 0, augmentation: false });
  method.beginEpoch(1);
  for (let step = 0; step < steps; step++) {
    onProgress(`trains the network to be evaluated, step ${step + 1} of ${steps}`);
    scope(() => {
      const { loss } = method.step(plan.batch(step % plan.count), { model, generator });
      optimizer.step(grad(loss, model.parameters()));
    });
  }
  method.dispose();
  optimizer.dispose();
}

async function writeParts(file: string, parts: readonly Uint8Array[]): Promise<void> {
  const out = createWriteStream(`${file}.tmp`);
  for (const part of parts) out.write(part);
  out.end();
  await finished(out);
  renameSync(`${file}.tmp`, file);
}
