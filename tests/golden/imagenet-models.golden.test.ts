// Networks for photographs against torchvision's: logits and gradients, from weights under torchvision's and timm's names.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildModel, type ImageClassifier, type ModelName } from "../../src/nn/index.js";
import { crossEntropy, Generator, grad, scope, type Tensor, tensor } from "../../src/tensor/index.js";
import { type StoredTensor, storeTensor } from "../../src/training/index.js";
import { loadWeightsFile, NormalisedInput, type WeightsFile } from "../../src/weights/index.js";
import { onCuda, testDevice } from "../test-device.js";
import {
  describeGolden,
  expectWithin,
  goldenInput,
  goldenLabels,
  type InputDescription,
  uniforms,
} from "./generator.js";
import { timmName } from "./timm-names.js";

interface Case {
  classes: number;
  image_size: number;
  fill: { base: number; stride: number };
  images: InputDescription;
  labels: { values: number[] };
  normalise: { mean: number[]; std: number[] };
  state_dict: [string, number[]][];
  eval: {
    logits: number[][];
    ce_mean: number;
    grad_x_first16: number[];
    grad_x_l2: number;
    grad_x_max: number;
  };
}
interface Models {
  tolerance: { logits_rel: number; grad_rel_to_max: number };
  cases: Record<string, Case>;
}

const architectures: Readonly<Record<string, ModelName>> = {
  resnet18_imagenet: "resnet18-imagenet",
  resnet50_imagenet: "resnet50-imagenet",
  convnext_tiny: "convnext-tiny",
  vit_s_16: "vit-s16",
};

/** Numbered without the counters of batches, as the recorded networks were filled. */
function filledState({ state_dict, fill }: Case): Map<string, StoredTensor> {
  const entries = state_dict.filter(([name]) => !name.endsWith("num_batches_tracked"));
  return scope(
    () =>
      new Map(
        entries.map(([name, shape], k) => {
          const rule = ruleOf(name, shape);
          const seed = (fill.base + fill.stride * k) >>> 0;
          const size = shape.reduce((product, side) => product * side, 1);
          const values = Float32Array.from(uniforms(seed, size), rule);
          return [name, storeTensor(tensor(values, { shape }))];
        }),
      ),
  );
}

function ruleOf(name: string, shape: readonly number[]): (u: number) => number {
  if (name.endsWith("layer_scale")) return (u) => 0.2 * u;
  if (name === "class_token" || name === "encoder.pos_embedding") return (u) => 0.2 * (u - 0.5);
  if (shape.length >= 2) {
    const bound = Math.sqrt(6 / shape.slice(1).reduce((product, side) => product * side, 1));
    return (u) => 0.5 * (2 * u - 1) * bound;
  }
  if (name.endsWith("running_var")) return (u) => 0.5 + u;
  if (name.endsWith("running_mean")) return (u) => 0.2 * (u - 0.5);
  return name.endsWith("weight") ? (u) => 0.5 + u : (u) => 0.2 * (u - 0.5);
}

const asFile = (state: WeightsFile["state"]): WeightsFile => ({
  ...{ file: "recorded.safetensors", format: "safetensors", sha256: "", state, classNames: null, notes: [] },
  texts: new Map(),
});

describeGolden<Models>("imagenet_models.json", ({ tolerance, cases }) => {
  describe.each(Object.entries(cases))("%s", (recorded, entry) => {
    const architecture = architectures[recorded]!;
    const side = entry.image_size;
    let network: ImageClassifier;
    let model: ImageClassifier;
    let images: Tensor;
    const state = filledState(entry);

    beforeAll(() => {
      network = buildModel(architecture, {
        classes: entry.classes,
        generator: new Generator(1),
        imageSize: { height: side, width: side },
      });
      network.to(testDevice);
      loadWeightsFile(asFile(state), network);
      model = new NormalisedInput(network, { mean: entry.normalise.mean, deviation: entry.normalise.std });
      model.setMode("eval");
      images = goldenInput(entry.images);
    });
    afterAll(() => {
      model.dispose();
      images.dispose();
    });

    it("gives torchvision's logits and gradients, in every mode that attacks and judges", () => {
      for (const mode of ["eval", "frozen", "fast"] as const) {
        scope(() => {
          model.setMode(mode);
          const input = images.clone().requiresGrad_();
          const logits = model.logits(input);
          const coarse = onCuda || mode === "fast" ? 10 : 1;
          expectWithin(
            logits.flatten().toArray(),
            entry.eval.logits.flat(),
            coarse * tolerance.logits_rel,
            `${mode}: logits`,
          );
          const loss = crossEntropy(logits, goldenLabels(entry.labels));
          expectWithin(loss.item(), entry.eval.ce_mean, coarse * tolerance.logits_rel, `${mode}: loss`);
          const gradient = grad(loss, [input])[0]!;
          // ReLU's kinks: a handful of elements may differ by more where the convolutions round otherwise.
          expectWithin(
            gradient.norm(2).item(),
            entry.eval.grad_x_l2,
            coarse * tolerance.grad_rel_to_max,
            `${mode}: norm`,
          );
          expectWithin(
            Math.max(...gradient.abs().flatten().toArray()),
            entry.eval.grad_x_max,
            coarse * tolerance.grad_rel_to_max,
            `${mode}: max`,
          );
          const first = gradient.flatten().slice(0, 0, 16).toArray();
          const difference = Math.max(
            ...first.map((value, i) => Math.abs(value - entry.eval.grad_x_first16[i]!)),
          );
          expect(difference / entry.eval.grad_x_max).toBeLessThanOrEqual(coarse * tolerance.grad_rel_to_max);
          model.setMode("eval");
        });
      }
    });

    it("takes the same weights under timm's names, and names what another network's file lacks", () => {
      const before = scope(() => model.logits(images).toArray());
      const renamed = new Map([...state].map(([name, value]) => timmName(architecture, name, value)));
      loadWeightsFile(asFile(renamed), network);
      expect(scope(() => model.logits(images).toArray())).toEqual(before);
      const lacking = new Map([...state].slice(1));
      expect(() => loadWeightsFile(asFile(lacking), network)).toThrow("missing");
    });
  });
});
