// Writes run folders with made-up numbers of a realistic shape; nothing here was measured.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { classCounts, classGroups } from "../../src/data/index.js";
import {
  type AccuracyReport,
  accuracyReport,
  type EvaluationResult,
  resultFileName,
} from "../../src/evaluation/index.js";

export const cifarNames = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
];

export interface FixtureOptions {
  readonly name: string;
  readonly method: "pgd-at" | "reat";
  readonly epochs?: number;
  readonly classNames?: readonly string[];
  readonly synthetic?: boolean;
  /** Epochs that were logged; fewer than `epochs` is a run still going. */
  readonly logged?: number;
  readonly evaluated?: boolean;
  /** Weights averaged over the steps. */
  readonly averaged?: boolean;
  readonly validation?: boolean;
  readonly attacks?: readonly string[];
}

/** Training images of the fixture's classes: exponential, UR = 50, largest class 5000. */
export function fixtureCounts(classes: number): number[] {
  return classCounts({ profile: "exponential", classes, maxPerClass: 5000, unbalancedRatio: 50 });
}

/**
 * Accuracies that fall from head to tail, grow with the epochs and overfit a little after the last decay. Of each class'
 * 1000 images the wrong ones are spread over the other classes by their training images.
 */
export function fixtureReport(options: FixtureOptions, epoch: number, robust: boolean): AccuracyReport {
  const classes = (options.classNames ?? cifarNames).length;
  const epochs = options.epochs ?? 30;
  const counts = fixtureCounts(classes);
  const fair = options.method === "reat" ? 0.55 : 0;
  const progress = 1 - Math.exp((-3.2 * epoch) / epochs);
  const overfit = robust && epoch > 0.8 * epochs ? 0.05 * (epoch / epochs - 0.8) * 5 : 0;
  const weights = counts.map((n) => n ** (1 - fair));
  const confusion = counts.map((_, y) => {
    const rank = y / Math.max(1, classes - 1);
    const wobble = 0.03 * Math.sin(5.1 * y + 1.7 * epoch);
    const top = robust ? 0.58 - (0.52 - 0.34 * fair) * rank : 0.86 - (0.5 - 0.45 * fair) * rank;
    const hits = Math.round(1000 * Math.min(0.98, Math.max(0.02, top * progress + wobble * rank - overfit)));
    const others = weights.reduce((sum, w, k) => (k === y ? sum : sum + w), 0);
    const row = weights.map((w, k) => (k === y ? hits : Math.floor(((1000 - hits) * w) / others)));
    row[y === 0 ? 1 : 0]! += 1000 - row.reduce((a, b) => a + b, 0);
    return row;
  });
  return accuracyReport(confusion, classGroups(counts));
}

/** Writes the folder `<parent>/<name>`. @returns its path */
export async function writeFixture(parent: string, options: FixtureOptions): Promise<string> {
  const { name, epochs = 30, classNames = cifarNames, logged = epochs } = options;
  const folder = join(parent, name);
  const counts = fixtureCounts(classNames.length);
  await mkdir(join(folder, "evaluations"), { recursive: true });
  await writeFile(join(folder, "config.yaml"), stringify(fixtureConfig(options)));
  const environment = {
    reat: "0.1.0",
    node: "20.19.0",
    libtorch: "1.13.1",
    platform: "linux-x64",
    device: "cpu",
    threads: 2,
    cpu: "Example CPU 2.0 GHz",
    cores: 2,
    revision: { commit: "0123456789abcdef0123456789abcdef01234567", modified: false },
    data: {
      name: "fixture",
      synthetic: options.synthetic ?? true,
      classNames,
      trainCounts: counts,
      validationImages: 0,
      subsetHash: "fedcba9876543210".repeat(4),
      notes: [],
    },
  };
  await writeFile(join(folder, "environment.json"), JSON.stringify(environment, null, 2));
  const events = fixtureEvents(options, epochs, logged);
  await writeFile(join(folder, "metrics.jsonl"), events.map((e) => `${JSON.stringify(e)}\n`).join(""));
  if (options.evaluated ?? logged === epochs) {
    for (const attack of options.attacks ?? ["pgd-20"]) {
      for (const [checkpoint, epoch] of [
        ["best", bestEpoch(epochs)],
        ["last", epochs],
      ] as const) {
        const stored: EvaluationResult = {
          run: name,
          checkpoint,
          epoch,
          ...(options.averaged && { weights: "averaged" as const }),
          split: "test",
          dataset: "fixture",
          synthetic: options.synthetic ?? true,
          attack: {
            name: attack,
            constants: {
              norm: "linf",
              epsilon: 8 / 255,
              stepSize: 2 / 255,
              steps: Number(attack.split("-")[1]),
            },
          },
          seeds: { evaluation: 4 },
          batchSize: 250,
          clean: fixtureReport(options, epoch, false),
          robust: fixtureReport(options, epoch, true),
          seconds: 9,
          time: "2026-01-01T01:00:00.000Z",
          environment,
        };
        await writeFile(join(folder, "evaluations", resultFileName(stored)), JSON.stringify(stored));
      }
    }
  }
  return folder;
}

export function bestEpoch(epochs: number): number {
  return Math.ceil(0.8 * epochs);
}

function fixtureConfig({ name, method, epochs = 30, averaged }: FixtureOptions): Record<string, unknown> {
  return {
    name,
    data: {
      source: "synthetic",
      subset: { profile: "exponential", imbalance: 50, maxPerClass: null },
      validationPerClass: 0,
    },
    model: { architecture: "small-resnet" },
    method: {
      name: method,
      loss: method === "reat" ? "bsl" : "ce",
      attack: {
        norm: "linf",
        epsilon: 8 / 255,
        stepSize: 2 / 255,
        steps: 10,
        start: "uniform",
        batchNorm: "running",
      },
    },
    training: {
      epochs,
      batchSize: 128,
      learningRate: 0.1,
      milestones: [0.7, 0.9].map((at) => Math.round(at * epochs)),
      factor: 0.1,
      weightDecay: 5e-4,
      augment: true,
      select: "test",
      ...(averaged && { weightAverage: { decay: 0.995, from: 2 } }),
    },
  };
}

function fixtureEvents(options: FixtureOptions, epochs: number, logged: number): object[] {
  const classes = (options.classNames ?? cifarNames).length;
  const counts = fixtureCounts(classes);
  const total = counts.reduce((a, b) => a + b, 0);
  const rebalances = options.method === "reat";
  const events: object[] = [
    {
      type: "start",
      time: "2026-01-01T00:00:00.000Z",
      epochs,
      batchesPerEpoch: 100,
      resumedFrom: null,
      seeds: { subset: 0, initialisation: 1, order: 2, attack: 3, evaluation: 4 },
    },
  ];
  for (let epoch = 1; epoch <= logged; epoch++) {
    const settled = 1 - Math.exp(-epoch / (0.25 * epochs));
    const skew = 1.9 - (rebalances ? 0.85 : 0.55) * settled;
    const raw = counts.map((n, k) => n ** skew * (1 + 0.15 * Math.sin(3 * k + 0.9 * epoch)));
    const sum = raw.reduce((a, b) => a + b, 0);
    const predictedCounts = raw.map((v) => Math.round((v / sum) * total));
    const learningRate = 0.1 * 0.1 ** [0.7, 0.9].filter((at) => epoch > Math.round(at * epochs)).length;
    const loss =
      1.1 +
      1.1 * Math.exp(-epoch / (0.3 * epochs)) +
      (rebalances ? 0.15 : 0) -
      (learningRate < 0.1 ? 0.12 : 0);
    const inverse = counts.map((n, k) => 1 / (0.02 * n + raw[k]! / sum));
    const mean = inverse.reduce((a, b) => a + b, 0) / classes;
    const method = rebalances ? { rblWeights: inverse.map((w) => w / mean), predictedCounts } : {};
    events.push({
      type: "batch",
      epoch,
      batch: 100,
      step: 100 * epoch,
      loss,
      adversarialAccuracy: 0.3,
      learningRate,
      imagesPerSecond: 900,
      terms: {},
    });
    events.push({
      type: "epoch",
      epoch,
      seconds: 12.5,
      loss,
      learningRate,
      adversarialAccuracy: 0.2 + 0.35 * settled,
      predictedCounts,
      terms: {},
      method,
    });
    for (const split of options.validation ? ["test", "validation"] : ["test"]) {
      const shifted = split === "test" ? epoch : Math.max(1, epoch - 1);
      events.push({
        type: "evaluation",
        epoch,
        split,
        attack: "pgd-20",
        ...(options.averaged && { weights: "averaged" }),
        clean: fixtureReport(options, shifted, false),
        robust: fixtureReport(options, shifted, true),
        seconds: 4,
      });
    }
    if (epoch === bestEpoch(epochs)) {
      events.push({
        type: "best",
        epoch,
        split: "test",
        robust: fixtureReport(options, epoch, true).accuracy,
      });
    }
  }
  if (logged === epochs) {
    const best = bestEpoch(epochs);
    events.push({
      type: "end",
      seconds: 30 * epochs,
      best: { epoch: best, robust: fixtureReport(options, best, true).accuracy },
    });
  }
  return events;
}
