// Pictures for a log: training images of each class, and test images with their adversarial examples.
import { type ClassIds, contactSheet, createDataset, evaluationBatches } from "../../data/index.js";
import type { LoggedImage } from "../../export/index.js";
import { inferenceModel } from "../../methods/index.js";
import type { ImageClassifier } from "../../nn/index.js";
import { type Device, Generator, scope, type Tensor } from "../../tensor/index.js";
import type { ExperimentConfig } from "../config/index.js";
import { type ExperimentData, uploadForEvaluation } from "../data.js";
import { attackBetweenEpochs } from "../measuring/index.js";

/** Images in a row, and classes at most. */
const [columns, rows] = [8, 10];

/** A row for each class, from its long-tailed subset. */
export async function trainingSheet({ dataset, subset }: ExperimentData): Promise<LoggedImage> {
  const png = await contactSheet(dataset, { columns, rows, indices: subset.train });
  return logged("examples/training images", png);
}

/**
 * Test images, what the attack of the evaluations between epochs makes of them, and the difference, grey where there is none and
 * stretched to the whole range.
 */
export async function adversarialSheet(
  config: ExperimentConfig,
  data: ExperimentData,
  network: ImageClassifier,
  device: Device,
): Promise<LoggedImage> {
  using images = uploadForEvaluation(data, "test", columns, device);
  const { attack } = attackBetweenEpochs(config);
  const model = inferenceModel(config.method, data, network);
  const made = scope(() => {
    const batch = evaluationBatches(images, columns).batch(0);
    const generator = new Generator(config.seeds.evaluation, device);
    const adversarial = model.withMode("frozen", () =>
      attack.perturb(model, batch.images, batch.labels, generator),
    );
    const difference = adversarial.sub(batch.images);
    const largest = Math.max(difference.abs().amax().item(), 1e-6);
    return [batch.images, adversarial, difference.div(2 * largest).add(0.5)].map(pixels);
  });
  const { height, width } = data.dataset;
  const count = made[0]!.length / (3 * height * width);
  const labels: ClassIds = Uint8Array.from({ length: 3 * count }, (_, index) => Math.floor(index / count));
  const train = { images: Buffer.concat(made), labels, count: 3 * count };
  const sheet = createDataset({
    ...{ name: "examples", synthetic: false, height, width, train },
    classNames: ["clean", "adversarial", "difference"],
    test: { images: new Uint8Array(), labels: new Uint8Array(), count: 0 },
  });
  const png = await contactSheet(sheet, { columns, rows: 3, zoom: 3 });
  return logged(`examples/clean, ${config.training.evaluationAttack}, difference`, png);
}

function pixels(images: Tensor): Uint8Array {
  return images.mul(255).add(0.5).clamp(0, 255).to("uint8").toTypedArray() as Uint8Array;
}

/** A PNG has its size in its header. */
function logged(tag: string, png: Buffer): LoggedImage {
  return { tag, png, width: png.readUInt32BE(16), height: png.readUInt32BE(20) };
}
