// The smallest whole training: a network of 200 weights, 24 images of noise, REAT with two attack steps.
import {
  createMethod,
  evaluate,
  evaluationBatches,
  Generator,
  ImageClassifier,
  methodOptions,
  namedAttack,
  RunFolder,
  rand,
  SGD,
  scope,
  type Tensor,
  train,
  trainingBatches,
} from "reat";
import { classGroups, type DeviceSplit } from "reat/data";
import { type EvaluationResult, writeResult } from "reat/evaluation";
import { BatchNorm, Conv2d, Linear } from "reat/nn";
import { keep, randint } from "reat/tensor";
import type { Environment } from "reat/training";

const classCounts = [12, 8, 4];
const images = 24;
const side = 8;

class TinyModel extends ImageClassifier {
  override readonly architecture = "tiny";
  override readonly featureSize = 4;
  override readonly classes = classCounts.length;
  readonly conv;
  readonly norm = this.child("norm", new BatchNorm(4));
  readonly head;

  constructor(seed: number) {
    super();
    const generator = new Generator(seed);
    this.conv = this.child("conv", new Conv2d(3, 4, generator));
    this.head = this.child("head", new Linear(4, classCounts.length, generator));
  }

  override features(batch: Tensor): Tensor {
    return this.norm.forward(this.conv.forward(batch)).relu().mean([2, 3]);
  }

  override classify(features: Tensor): Tensor {
    return this.head.forward(features);
  }
}

function noise(seed: number): DeviceSplit {
  const generator = new Generator(seed);
  const [pixels, labels] = scope(() => [
    keep(rand([images, 3, side, side], generator).mul(255).to("uint8")),
    keep(randint(0, classCounts.length, [images], generator)),
  ]) as [Tensor, Tensor];
  const dispose = () => {
    pixels.dispose();
    labels.dispose();
  };
  return { images: pixels, labels, count: images, dispose, [Symbol.dispose]: dispose };
}

/** How a tiny training goes. */
export interface TinyTraining {
  /** Of all that is random. */
  readonly seed: number;
  readonly epochs?: number;
  /** Go on from the run's last checkpoint. */
  readonly resume?: boolean;
  /** Measure between the epochs, and at the end, with a result in the run. */
  readonly measured?: boolean;
}

/** Trains in a run folder; frees everything. @returns the loss of the last epoch */
export async function trainTiny(
  run: RunFolder,
  { seed, epochs = 1, resume = false, measured = false }: TinyTraining,
): Promise<number> {
  const model = new TinyModel(seed);
  using split = noise(seed + 1);
  const attackGenerator = new Generator(seed + 2);
  const attack = { steps: 2, batchNorm: "batch" };
  const method = createMethod(methodOptions.parse({ name: "reat", attack }), { classCounts, device: "cpu" });
  const optimizer = new SGD(model.namedParameters(), { learningRate: 0.05, momentum: 0.9 });
  const measure = async (signal?: AbortSignal) => {
    const { clean, attacks } = await evaluate({
      ...{ model, batches: evaluationBatches(split, 12), groups: classGroups(classCounts), seed: 4 },
      ...{ attacks: [namedAttack("pgd-2")], ...(signal && { signal }) },
    });
    return { clean, robust: attacks[0]!.report };
  };
  let loss = Number.NaN;
  try {
    await train({
      ...{ model, method, optimizer, attackGenerator, run, epochs, resume },
      learningRate: () => 0.05,
      batchesPerEpoch: 3,
      batches: (epoch) =>
        trainingBatches(split, { batchSize: 8, seed: 2, epoch: epoch - 1, augmentation: { padding: 1 } }),
      seeds: { order: 2 },
      settings: { training: { batchSize: 8 } },
      evaluation: measured
        ? { split: "test", attack: "pgd-2", everyEpochs: 1, run: ({ signal }) => measure(signal) }
        : null,
      logEvery: 1,
      reporter: (event) => {
        if (event.type === "epoch") loss = event.loss;
      },
    });
    if (measured) await writeResult(run.evaluationsFolder, resultOf(run, await measure()));
  } finally {
    method.dispose();
    optimizer.dispose();
    model.dispose();
  }
  return loss;
}

/** Attacks images whose tensors are large enough to be kept when they are freed. */
export function evaluateLarge(seed: number): void {
  const model = new TinyModel(seed);
  model.setMode("eval");
  const generator = new Generator(seed);
  scope(() => {
    const batch = rand([400, 3, 32, 32], generator);
    const labels = randint(0, classCounts.length, [400], generator);
    namedAttack("pgd-1").attack.perturb(model, batch, labels, generator);
  });
  model.dispose();
}

function resultOf(run: RunFolder, reports: Pick<EvaluationResult, "clean" | "robust">): EvaluationResult {
  return {
    ...{ run: run.name, checkpoint: "last", epoch: 1, split: "test", dataset: "noise", synthetic: true },
    attack: { name: "pgd-2", constants: { norm: "linf", epsilon: 8 / 255, stepSize: 2 / 255, steps: 2 } },
    ...{ seeds: { evaluation: 4 }, batchSize: 12, ...reports, seconds: 0.1 },
    ...{ time: "2026-01-01T00:00:00.000Z", environment: {} },
  };
}

/** A new run folder for it. @param environment of the process, taken once */
export function tinyRun(path: string, environment: Environment): Promise<RunFolder> {
  return RunFolder.create(path, "name: tiny\ndata:\n  source: synthetic\n", environment);
}
