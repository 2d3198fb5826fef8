// Networks against recorded ones: names, shapes, logits, features, gradients, running statistics (models.json).
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildModel, type ImageClassifier, modelNames } from "../../src/nn/index.js";
import { crossEntropy, Generator, grad, scope, type Tensor } from "../../src/tensor/index.js";
import { onTestDevice } from "../test-device.js";
import {
  describeGolden,
  describeGoldenFile,
  expectWithin,
  type FillDescription,
  fillModel,
  goldenInput,
  goldenLabels,
  type InputDescription,
} from "./generator.js";

interface Case {
  classes: number;
  fill: FillDescription;
  images: InputDescription;
  labels: { values: number[] };
  state_dict: [string, number[]][];
  num_filled_entries: number;
  num_parameters: number;
  first_values: Record<string, number[]>;
  eval: {
    features_shape: number[];
    features_row0_first16: number[];
    features_l2: number;
    logits: number[][];
    ce_mean: number;
    pred: number[];
    grad_x_l2: number;
    grad_x_first16: number[];
  };
  train: {
    logits: number[][];
    ce_mean: number;
    first_bn: string;
    running_mean_first4: number[];
    running_var_first4: number[];
    param_grad_l2: Record<string, number>;
  };
}
interface Models {
  tolerance: {
    logits_features_ce_rel: number;
    running_stats_rel: number;
    grad_x_elements_rel_to_max: number;
    grad_x_l2_rel: number;
    param_grad_l2_rel: number;
    param_grad_l2_abs_floor: number;
  };
  cases: Record<string, Case>;
}

const l2 = (value: Tensor) => value.norm(2).item();

describeGolden<Models>("models.json", ({ tolerance, cases }) => {
  const all = Object.entries(cases).map(([name, recorded]) => ({
    name,
    recorded,
    architecture: modelNames.find((known) => name.startsWith(`${known}_c`)),
  }));

  // A case that nothing here answers to would otherwise pass by not being looked at.
  it.each(all)("$name has a registered architecture", ({ architecture }) => {
    expect(architecture).toBeDefined();
  });

  const ours = all.flatMap(({ architecture, ...rest }) => (architecture ? [{ ...rest, architecture }] : []));

  describe.each(ours)("$name", ({ architecture, recorded }) => {
    // Filled once: a pass in mode "eval" changes nothing, and the one in mode "train" is the last.
    let model: ImageClassifier;
    beforeAll(() => {
      model = buildModel(architecture, { classes: recorded.classes, generator: new Generator(0) });
      fillModel(model.stateDict(), recorded.fill);
      onTestDevice(model);
    });
    afterAll(() => model.dispose());

    it("has the recorded names, order, shapes and fill", () => {
      const state = model.stateDict();
      expect(Array.from(state, ([name, { shape }]) => [name, shape])).toEqual(recorded.state_dict);
      expect(model.parameters().reduce((sum, { size }) => sum + size, 0)).toBe(recorded.num_parameters);
      for (const [name, values] of Object.entries(recorded.first_values)) {
        expectWithin(state.get(name)!.toArray().slice(0, values.length), values, 1e-8, name);
      }
    });

    it("evaluates with running statistics", () => {
      model.setMode("eval");
      const { eval: reference } = recorded;
      scope(() => {
        const images = goldenInput(recorded.images).requiresGrad_();
        const features = model.features(images);
        const logits = model.classify(features);
        const loss = crossEntropy(logits, goldenLabels(recorded.labels));
        const [gradient] = grad(loss, [images]) as [Tensor];
        const close = tolerance.logits_features_ce_rel;
        expect(features.shape).toEqual(reference.features_shape);
        expectWithin(features.toArray().slice(0, 16), reference.features_row0_first16, close, "features");
        expectWithin(l2(features), reference.features_l2, close, "norm of the features");
        expectWithin(logits.toArray(), reference.logits.flat(), close, "logits");
        expectWithin(loss.item(), reference.ce_mean, close, "cross entropy");
        expect(logits.argmax(1).toArray()).toEqual(reference.pred);
        expectWithin(
          gradient.toArray().slice(0, 16),
          reference.grad_x_first16,
          tolerance.grad_x_elements_rel_to_max,
          "input gradient",
        );
        expectWithin(
          l2(gradient),
          reference.grad_x_l2,
          tolerance.grad_x_l2_rel,
          "norm of the input gradient",
        );
      });
    });

    it("trains with the batch's statistics", () => {
      model.setMode("train");
      const { train: reference } = recorded;
      scope(() => {
        const logits = model.logits(goldenInput(recorded.images));
        const loss = crossEntropy(logits, goldenLabels(recorded.labels));
        const close = tolerance.logits_features_ce_rel;
        expectWithin(logits.toArray(), reference.logits.flat(), close, "logits");
        expectWithin(loss.item(), reference.ce_mean, close, "cross entropy");

        const buffers = model.namedBuffers();
        for (const [buffer, values] of [
          ["running_mean", reference.running_mean_first4],
          ["running_var", reference.running_var_first4],
        ] as const) {
          const actual = buffers.get(`${reference.first_bn}.${buffer}`)!.toArray().slice(0, 4);
          expectWithin(actual, values, tolerance.running_stats_rel, buffer);
        }

        const parameters = model.namedParameters();
        expect([...parameters.keys()]).toEqual(Object.keys(reference.param_grad_l2));
        const gradients = grad(loss, [...parameters.values()]);
        for (const [index, [name, norm]] of Object.entries(reference.param_grad_l2).entries()) {
          const allowed = Math.max(tolerance.param_grad_l2_rel * norm, tolerance.param_grad_l2_abs_floor);
          expect(Math.abs(l2(gradients[index]!) - norm), name).toBeLessThanOrEqual(allowed);
        }
      });
    });
  });
});

describeGoldenFile("smallcnn.safetensors", (path) => {
  it("has the names and shapes of our small network", () => {
    const file = readFileSync(path);
    const header = JSON.parse(file.toString("utf8", 8, 8 + Number(file.readBigUInt64LE()))) as Record<
      string,
      { shape: number[] }
    >;
    delete header.__metadata__;
    const classes = header["fc2.bias"]!.shape[0]!;
    const model = buildModel("smallcnn", { classes, generator: new Generator(0) });
    const shapes = (entries: Iterable<[string, { readonly shape: readonly number[] }]>) =>
      Object.fromEntries(Array.from(entries, ([name, { shape }]) => [name, shape]));
    expect(shapes(model.stateDict())).toEqual(shapes(Object.entries(header)));
    model.dispose();
  });
});
