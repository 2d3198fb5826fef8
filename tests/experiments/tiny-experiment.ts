// Runs on a tiny synthetic data set, made in a second or two, for the tests of evaluations.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createDataset,
  evaluationBatches,
  generateSynthetic,
  uploadSplit,
  writePacked,
} from "../../src/data/index.js";
import { parseConfig, runExperiment } from "../../src/experiments/index.js";
import { buildModel } from "../../src/nn/index.js";
import { Generator, noGrad, scope, setThreads } from "../../src/tensor/index.js";
import { loadWeights } from "../../src/training/index.js";

setThreads(1);

/** A folder with a data set and runs in `runs/`; remove it with `dispose`. */
export class TinyExperiments {
  readonly folder = mkdtempSync(join(tmpdir(), "reat-evaluation-"));
  readonly data = join(this.folder, "tiny.reatpack");
  readonly #dataset = generateSynthetic({ trainPerClass: 4, testPerClass: 6 });

  constructor() {
    // Full contrast and a colour of its own for each image, so that even an untrained network tells them apart.
    for (const { images } of [this.#dataset.train, this.#dataset.test]) {
      for (let at = 0; at < images.length; at++) {
        const channel = Math.floor(at / 1024);
        images[at] = ((channel * 2654435761) >>> 0) % 7 < 3 ? images[at]! >> 3 : 255 - (images[at]! >> 3);
      }
    }
    writePacked(this.data, this.#dataset);
  }

  /** A run of one epoch that learns next to nothing. @returns its folder */
  async train(name: string, seeds: Readonly<Record<string, number>> = {}): Promise<string> {
    const config = parseConfig({
      name,
      data: { source: this.data, subset: { profile: "exponential", imbalance: 2 } },
      model: { architecture: "smallcnn" },
      method: { name: "pgd-at", attack: { steps: 1 } },
      training: {
        ...{ epochs: 1, batchSize: 8, learningRate: 1e-4, milestones: [], select: "last" },
        ...{ evaluationAttack: "pgd-1", evaluationImages: 10 },
      },
      evaluation: { attacks: ["pgd-1"], images: 10 },
      ...{ seeds, threads: 1 },
    });
    const { run } = await runExperiment(config, { runsFolder: join(this.folder, "runs") });
    return run.path;
  }

  /** Gives the test images the labels that a run's model gives them, so that it classifies all of them correctly. */
  async agreeWith(run: string): Promise<void> {
    using split = uploadSplit(this.#dataset, this.#dataset.test, "cpu");
    const model = buildModel("smallcnn", { classes: 10, generator: new Generator(0) });
    await loadWeights(join(run, "checkpoints", "last.safetensors"), model);
    const answers = scope(() => {
      const { images } = evaluationBatches(split, this.#dataset.test.count).batch(0);
      return model.withMode("eval", () => noGrad(() => model.logits(images).argmax(1).toArray()));
    });
    model.dispose();
    this.#dataset.test.labels.set(answers);
    writePacked(this.data, this.#dataset);
  }

  /** A packed data set of so many classes of noise, three images of each in both splits. @returns its path */
  dataOf(classes: number, side = 32): string {
    const count = 3 * classes;
    const split = {
      images: Uint8Array.from({ length: count * 3 * side * side }, (_, i) => (i * 2654435761) >>> 24),
      labels: Uint8Array.from({ length: count }, (_, i) => i % classes),
      count,
    };
    const classNames = Array.from({ length: classes }, (_, id) => `kind ${id}`);
    const file = join(this.folder, `noise-${classes}-${side}.reatpack`);
    const about = { name: "noise", synthetic: true, classNames, height: side, width: side };
    writePacked(file, createDataset({ ...about, train: split, test: split }));
    return file;
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
