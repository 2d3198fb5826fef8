// Everything a tiny run takes, for tests within one process.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { namedAttack } from "../../src/attacks/index.js";
import { classGroups, evaluationBatches, trainingBatches } from "../../src/data/index.js";
import { evaluate } from "../../src/evaluation/index.js";
import { createMethod, type Method, type MethodName, methodOptions } from "../../src/methods/index.js";
import { BatchNorm, Conv2d, ImageClassifier, Linear } from "../../src/nn/index.js";
import { SGD } from "../../src/optim/index.js";
import { Generator, keep, rand, randint, scope, setThreads, type Tensor } from "../../src/tensor/index.js";
import {
  currentEnvironment,
  type EvaluationPlan,
  type RunEvent,
  RunFolder,
  type TrainingOptions,
} from "../../src/training/index.js";

// On tensors this small a second thread only costs.
setThreads(1);

export const classCounts = [24, 12, 8, 4];

export class TinyModel extends ImageClassifier {
  override readonly architecture: string = "tiny";
  override readonly featureSize = 6;
  readonly conv;
  readonly norm = this.child("norm", new BatchNorm(6));
  readonly head;

  constructor(
    seed = 1,
    override readonly classes = classCounts.length,
  ) {
    super();
    const generator = new Generator(seed);
    this.conv = this.child("conv", new Conv2d(3, 6, generator));
    this.head = this.child("head", new Linear(6, classes, generator));
  }

  override features(images: Tensor): Tensor {
    return this.norm.forward(this.conv.forward(images)).relu().mean([2, 3]);
  }

  override classify(features: Tensor): Tensor {
    return this.head.forward(features);
  }
}

/** 48 images of 8×8 noise. */
export function tinySplit() {
  const data = new Generator(7);
  const [images, labels] = scope(() => [
    keep(rand([48, 3, 8, 8], data).mul(255).to("uint8")),
    keep(randint(0, classCounts.length, [48], data)),
  ]) as [Tensor, Tensor];
  const dispose = () => {
    images.dispose();
    labels.dispose();
  };
  return { images, labels, count: 48, dispose, [Symbol.dispose]: dispose };
}

export function tinyMethod(name: MethodName, options: Readonly<Record<string, unknown>> = {}): Method {
  const attack = { steps: 2, batchNorm: "batch" };
  return createMethod(methodOptions.parse({ name, attack, ...options }), { classCounts, device: "cpu" });
}

/** The measurement between epochs: clean and PGD-2 on the training images. */
export function tinyEvaluation(model: ImageClassifier, split: ReturnType<typeof tinySplit>): EvaluationPlan {
  return {
    split: "test",
    attack: "pgd-2",
    everyEpochs: 1,
    run: async ({ signal, onProgress }) => {
      const { clean, attacks } = await evaluate({
        model,
        batches: evaluationBatches(split, 24),
        groups: classGroups(classCounts),
        attacks: [namedAttack("pgd-2")],
        seed: 4,
        onProgress,
        signal,
      });
      return { clean, robust: attacks[0]!.report };
    },
  };
}

/** Options of a run of 2 epochs of 6 batches; each call builds everything anew from the same seeds. */
export function tinyOptions(run: RunFolder, changes: Partial<TrainingOptions> = {}): TrainingOptions {
  const model = changes.model ?? new TinyModel();
  const split = tinySplit();
  return {
    model,
    method: tinyMethod("reat"),
    optimizer: new SGD(model.namedParameters(), { learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4 }),
    learningRate: () => 0.1,
    epochs: 2,
    batchesPerEpoch: 6,
    batches: (epoch) =>
      trainingBatches(split, { batchSize: 8, seed: 2, epoch: epoch - 1, augmentation: { padding: 1 } }),
    attackGenerator: new Generator(3),
    run,
    seeds: { order: 2, attack: 3, evaluation: 4 },
    settings: { training: { batchSize: 8 }, method: { name: "reat" } },
    evaluation: tinyEvaluation(model, split),
    logEvery: 2,
    ...changes,
  };
}

export const environment = currentEnvironment("cpu");

/** Folders for runs, all gone after `remove`. */
export function temporaryRuns() {
  const root = mkdtempSync(join(tmpdir(), "reat-run-"));
  return {
    root,
    create: (name: string) => RunFolder.create(join(root, name), "name: tiny\n", environment),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

export function eventsOf(run: RunFolder): RunEvent[] {
  const lines = readFileSync(run.metricsFile, "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as RunEvent);
}

/** All weights, for comparison bit by bit. */
export function weightsOf(model: ImageClassifier): Record<string, number[]> {
  return Object.fromEntries([...model.stateDict()].map(([name, tensor]) => [name, tensor.toArray()]));
}
