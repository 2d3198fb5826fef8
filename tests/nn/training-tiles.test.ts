// Training passes in tiles: convolutions, their moments and all gradients beside float64, networks beside the plain pass.

import { afterEach, describe, expect, it } from "vitest";
import { toBlocks } from "../../src/nn/fast/blocked-maps.js";
import { tileProcessor } from "../../src/nn/fast/tile-convolution.js";
import {
  convolveInTraining,
  finishMaps,
  type PendingMaps,
  sumInTraining,
} from "../../src/nn/fast/training-tiles.js";
import { buildModel, type ImageClassifier, type ModelName, setLevers } from "../../src/nn/index.js";
import {
  callOperator,
  conv2d,
  equal,
  Generator,
  grad,
  gradOrNull,
  liveTensors,
  noGrad,
  ones,
  rand,
  scope,
  type Tensor,
} from "../../src/tensor/index.js";
import { needing } from "../skipped.js";
import { apart, fromBlocks } from "./from-blocks.js";

let restore: () => void = () => {};
afterEach(() => restore());

const generator = new Generator(3);
const centred = (...shape: number[]) => rand(shape, generator).sub(0.5);
const exactly = (tensor: Tensor) => tensor.detach().to("float64").requiresGrad_();
const leaf = (...shape: number[]) => centred(...shape).requiresGrad_();
const alongChannels = (tensor: Tensor) => tensor.reshape([1, -1, 1, 1]);
const eps = 1e-5;

/** Of maps in float64: mean and biased variance of each channel. */
function momentsOf(maps: Tensor): [Tensor, Tensor] {
  const mean = maps.mean([0, 2, 3]);
  const centredMaps = maps.sub(alongChannels(mean));
  return [mean, centredMaps.mul(centredMaps).mean([0, 2, 3])];
}

interface Norm {
  mean: Tensor;
  variance: Tensor;
  weight: Tensor;
  bias: Tensor;
}

const drawnNorm = (channels: number): Norm => ({
  mean: leaf(channels).to("float64").detach().requiresGrad_(),
  variance: rand([channels], generator).add(0.5).to("float64").requiresGrad_(),
  weight: rand([channels], generator).add(0.5).requiresGrad_(),
  bias: leaf(channels),
});
const partsOf = ({ mean, variance, weight, bias }: Norm) => [mean, variance, weight, bias];
const exactNorm = (norm: Norm): Norm => ({
  mean: exactly(norm.mean),
  variance: exactly(norm.variance),
  weight: exactly(norm.weight),
  bias: exactly(norm.bias),
});

function normalise(maps: Tensor, { mean, variance, weight, bias }: Norm): Tensor {
  const factor = weight.div(variance.add(eps).sqrt());
  return maps.sub(alongChannels(mean)).mul(alongChannels(factor)).add(alongChannels(bias));
}

const shapes = [
  { count: 2, inputs: 3, outputs: 16, height: 32, width: 32, kernel: 3, stride: 1, normed: false },
  { count: 3, inputs: 16, outputs: 32, height: 9, width: 6, kernel: 3, stride: 1, normed: true },
  { count: 9, inputs: 64, outputs: 48, height: 8, width: 8, kernel: 3, stride: 1, normed: true },
  { count: 40, inputs: 160, outputs: 160, height: 4, width: 4, kernel: 3, stride: 1, normed: true },
  { count: 3, inputs: 32, outputs: 48, height: 7, width: 13, kernel: 3, stride: 2, normed: true },
  { count: 2, inputs: 16, outputs: 16, height: 1, width: 2, kernel: 3, stride: 2, normed: false },
  { count: 2, inputs: 64, outputs: 32, height: 6, width: 6, kernel: 1, stride: 1, normed: true },
  { count: 2, inputs: 64, outputs: 128, height: 5, width: 9, kernel: 1, stride: 2, normed: false },
];

const title = needing(tileProcessor() !== "", "training in tiles", "tiles need AVX2 or AVX-512");
describe.runIf(tileProcessor() !== "")(title, () => {
  it.each(shapes)(
    "%o: results, moments and all gradients beside float64",
    ({ count, inputs, outputs, height, width, kernel, stride, normed }) =>
      scope(() => {
        const maps = leaf(count, inputs, height, width);
        const weight = leaf(outputs, inputs, kernel, kernel);
        const norm = normed ? drawnNorm(inputs) : null;
        const [fineMaps, fineWeight] = [exactly(maps), exactly(weight)];
        const fineNorm = norm && exactNorm(norm);
        const goesIn = fineNorm ? normalise(fineMaps, fineNorm).relu() : fineMaps;
        const expected = conv2d(goesIn, fineWeight, null, { stride, padding: (kernel - 1) / 2 });
        const expectedMoments = momentsOf(expected);
        const [pull, pullOfMean, pullOfVariance] = [
          centred(...expected.shape),
          centred(outputs).mul(expected.shape[0]! * expected.shape[2]! * expected.shape[3]!),
          centred(outputs).mul(expected.shape[0]! * expected.shape[2]! * expected.shape[3]!),
        ].map((tensor) => tensor.to("float64")) as [Tensor, Tensor, Tensor];
        const value = (results: Tensor, mean: Tensor, variance: Tensor) =>
          results.mul(pull).sum().add(mean.mul(pullOfMean).sum()).add(variance.mul(pullOfVariance).sum());
        const pending: PendingMaps = { maps: toBlocks(maps), norm: norm && { ...norm, eps }, relu: true };
        const { output, mean, variance } = convolveInTraining(pending, weight, stride, centred(outputs));
        const got = fromBlocks(output);
        expect(apart(got, expected)).toBeLessThan(3e-6);
        expect(apart(mean, expectedMoments[0])).toBeLessThan(3e-6);
        expect(apart(variance, expectedMoments[1])).toBeLessThan(3e-6);
        const reached = grad(value(got.to("float64"), mean, variance), [
          weight,
          maps,
          ...(norm ? partsOf(norm) : []),
        ]);
        const wanted = grad(value(expected, ...expectedMoments), [
          fineWeight,
          fineMaps,
          ...(fineNorm ? partsOf(fineNorm) : []),
        ]);
        for (const [i, gradient] of reached.entries()) {
          expect(apart(gradient as Tensor, wanted[i] as Tensor), `gradient ${i}`).toBeLessThan(3e-6);
        }
      }),
  );

  it.each([
    { branch: "none", relu: true },
    { branch: "plain", relu: true },
    { branch: "normed", relu: true },
    { branch: "normed", relu: false },
  ])("%o: branches that meet, and all gradients beside float64", ({ branch, relu }) =>
    scope(() => {
      const [maps, other] = [leaf(3, 48, 7, 5), leaf(3, 48, 7, 5)];
      const [norm, otherNorm] = [drawnNorm(48), drawnNorm(48)];
      const [fineMaps, fineOther] = [exactly(maps), exactly(other)];
      const [fineNorm, fineOtherNorm] = [exactNorm(norm), exactNorm(otherNorm)];
      const first = normalise(fineMaps, fineNorm);
      const second = branch === "normed" ? normalise(fineOther, fineOtherNorm) : fineOther;
      const sum = branch === "none" ? first : first.add(second);
      const expected = relu ? sum.relu() : sum;
      const beside =
        branch === "none"
          ? null
          : {
              maps: toBlocks(other),
              norm: branch === "normed" ? { ...otherNorm, eps } : null,
              relu: false,
            };
      const got = fromBlocks(finishMaps({ maps: toBlocks(maps), norm: { ...norm, eps }, relu }, beside));
      expect(apart(got, expected)).toBeLessThan(1e-6);
      const pull = centred(...expected.shape).to("float64");
      const inputs = [
        maps,
        ...partsOf(norm),
        ...(branch === "none" ? [] : [other]),
        ...(branch === "normed" ? partsOf(otherNorm) : []),
      ];
      const fineInputs = [
        fineMaps,
        ...partsOf(fineNorm),
        ...(branch === "none" ? [] : [fineOther]),
        ...(branch === "normed" ? partsOf(fineOtherNorm) : []),
      ];
      const reached = grad(got.to("float64").mul(pull).sum(), inputs);
      const wanted = grad(expected.mul(pull).sum(), fineInputs);
      for (const [i, gradient] of reached.entries()) {
        expect(apart(gradient as Tensor, wanted[i] as Tensor), `gradient ${i}`).toBeLessThan(3e-6);
      }
    }),
  );

  it("sums with their moments, and all gradients beside float64", () =>
    scope(() => {
      const [maps, other] = [leaf(3, 48, 7, 5), leaf(3, 48, 7, 5)];
      const [fineMaps, fineOther] = [exactly(maps), exactly(other)];
      const expected = fineMaps.add(fineOther);
      const expectedMoments = momentsOf(expected);
      const got = sumInTraining(toBlocks(maps), toBlocks(other), centred(48));
      expect(apart(fromBlocks(got.maps), expected)).toBeLessThan(1e-6);
      expect(apart(got.mean, expectedMoments[0])).toBeLessThan(3e-6);
      expect(apart(got.variance, expectedMoments[1])).toBeLessThan(3e-6);
      const pull = centred(...expected.shape).to("float64");
      const [pullOfMean, pullOfVariance] = [centred(48).mul(105), centred(48).mul(105)].map((t) =>
        t.to("float64"),
      );
      const value = (sum: Tensor, mean: Tensor, variance: Tensor) =>
        sum.mul(pull).sum().add(mean.mul(pullOfMean!).sum()).add(variance.mul(pullOfVariance!).sum());
      const wanted = grad(value(expected, ...expectedMoments), [fineMaps, fineOther]);
      const reached = grad(value(fromBlocks(got.maps).to("float64"), got.mean, got.variance), [maps, other], {
        retainGraph: true,
      });
      for (const [i, gradient] of reached.entries()) {
        expect(apart(gradient as Tensor, wanted[i] as Tensor), `gradient ${i}`).toBeLessThan(3e-6);
      }
      const [alone] = grad(fromBlocks(got.maps).sum(), [maps]) as [Tensor];
      expect(alone.sub(1).abs().amax().item()).toBe(0);
      expect(() => sumInTraining(toBlocks(maps), toBlocks(other.slice(0, 0, 2)), centred(48))).toThrow(
        "takes maps of the same shape",
      );
      expect(() => sumInTraining(toBlocks(maps), toBlocks(other), centred(47))).toThrow(
        "one for each channel",
      );
    }));

  it("adds the gradient of a later use of the maps on the way, and computes none that is not asked for", () =>
    scope(() => {
      const maps = leaf(2, 1, 5, 5, 16);
      const weight = leaf(16, 16, 3, 3);
      const { output, same } = convolveInTraining({ maps, norm: null, relu: false }, weight, 1, centred(16));
      expect(same.toArray()).toEqual(maps.toArray());
      const value = output.sum().add(same.mul(3).sum());
      const [both] = grad(value, [maps], { retainGraph: true }) as [Tensor];
      const [alone] = grad(output.sum(), [maps], { retainGraph: true }) as [Tensor];
      expect(apart(both, alone.add(3))).toBeLessThan(1e-6);
      expect(grad(same.sum(), [maps], { retainGraph: true })[0]!.sub(1).abs().amax().item()).toBe(0);
      expect(gradOrNull(same.sum(), [weight])).toEqual([null]);
    }));

  it("lets NaN through", () =>
    scope(() => {
      const maps = ones([1, 1, 4, 4, 16]).mul(Number.NaN);
      const { output, variance } = convolveInTraining(
        { maps, norm: null, relu: false },
        centred(16, 16, 3, 3),
        1,
        centred(16),
      );
      expect(Number.isNaN(output.sum().item())).toBe(true);
      const norm = { mean: variance, variance, weight: ones([16]), bias: ones([16]), eps };
      expect(Number.isNaN(finishMaps({ maps: output, norm, relu: true }, null).sum().item())).toBe(true);
    }));

  it("refuses what it cannot do, in a sentence", () =>
    scope(() => {
      const maps = centred(2, 1, 4, 4, 16);
      const weight = centred(16, 16, 3, 3);
      const call = (input: Tensor, kernel: Tensor, estimate: Tensor | null = null, stride = 1) =>
        callOperator(
          "reat::tile_training_convolution",
          input,
          kernel,
          null,
          null,
          null,
          null,
          estimate,
          eps,
          true,
          stride,
        );
      expect(() => call(centred(2, 16, 4, 4), weight)).toThrow("takes maps [N, C/16, H, W, 16]");
      expect(() => call(maps.to("float64"), weight)).toThrow("float32 on the CPU");
      expect(() => call(maps, centred(8, 16, 3, 3))).toThrow("O a multiple of 16");
      expect(() => call(maps, centred(16, 17, 3, 3))).toThrow("C as the maps have");
      expect(() => call(maps, centred(16, 16, 5, 5))).toThrow("k 3 or 1");
      expect(() => call(maps, weight, null, 3)).toThrow("stride of 1 or 2");
      expect(() => call(maps, weight, centred(15))).toThrow("an estimate of the means, one for each channel");
      const join = (mean: Tensor, other: Tensor | null) =>
        callOperator(
          "reat::tile_join",
          maps,
          mean,
          ones([16]).to("float64"),
          ones([16]),
          ones([16]),
          other,
          null,
          null,
          null,
          null,
          eps,
          true,
        );
      expect(() => join(ones([16]), null)).toThrow("mean and variance in float64");
      expect(() => join(ones([16]).to("float64"), centred(2, 1, 4, 5, 16))).toThrow("of the same shape");
      const [output] = call(maps.requiresGrad_(), weight) as [Tensor];
      expect(() => grad(output.mul(2).sum(), [maps], { createGraph: true })).toThrow("no second derivative");
    }));
});

/** Length of the difference over the length. Single elements of a gradient jump at the kinks of ReLU. */
const distance = (a: Tensor, b: Tensor) => a.sub(b).norm(2).item() / b.norm(2).item();

function trainingPass(model: ImageClassifier, images: Tensor) {
  const logits = model.logits(images);
  const gradients = grad(logits.mul(logits).mean(), [...model.parameters(), images]) as Tensor[];
  const running = [...model.namedBuffers()].map(([, tensor]) => tensor.clone().to("float32"));
  return { logits: logits.detach(), gradients, running };
}
type Pass = ReturnType<typeof trainingPass>;
/** Bit for bit. */
const areSame = (a: Pass, b: Pass) =>
  [a.logits, ...a.gradients, ...a.running].every((tensor, i) =>
    equal(tensor, [b.logits, ...b.gradients, ...b.running][i]!),
  );

describe.each(["small-resnet", "resnet50", "preact-resnet18"] satisfies ModelName[])("%s", (name) => {
  const build = () => buildModel(name, { classes: 7, generator: new Generator(5) });
  const batch = () => rand([6, 3, 24, 24], new Generator(7)).requiresGrad_();
  const pass = (mode: "train" | "batch" = "train", trainingTiles = true) => {
    restore = setLevers({ trainingTiles });
    const model = build();
    const result = model.withMode(mode, () => trainingPass(model, batch()));
    restore();
    model.dispose();
    return result;
  };

  it("a training pass is the plain one to rounding, its running statistics too, the same bit for bit each time", () =>
    scope(() => {
      const [plain, tiles] = [pass("train", false), pass()];
      expect(distance(tiles.logits, plain.logits)).toBeLessThan(1e-4);
      for (const [i, gradient] of tiles.gradients.entries()) {
        expect(distance(gradient, plain.gradients[i]!), `gradient ${i}`).toBeLessThan(0.05);
      }
      for (const [i, buffer] of tiles.running.entries()) {
        expect(distance(buffer, plain.running[i]!), `buffer ${i}`).toBeLessThan(1e-4);
      }
      if (tileProcessor() !== "") expect(areSame(tiles, plain)).toBe(false);
      expect(areSame(pass(), tiles)).toBe(true);
    }));

  it("mode batch gives the same and leaves the running statistics", () =>
    scope(() => {
      const [train, batchMode] = [pass(), pass("batch")];
      const model = build();
      const untouched = [...model.namedBuffers()].map(([, tensor]) => tensor.to("float32").toArray());
      expect(batchMode.running.map((tensor) => tensor.toArray())).toEqual(untouched);
      expect(batchMode.logits.toArray()).toEqual(train.logits.toArray());
      model.dispose();
    }));
});

describe("networks that train in tiles", () => {
  it("keep no tensor, and refuse a batch of one value per channel", () =>
    scope(() => {
      const model = buildModel("small-resnet", { classes: 3, generator: new Generator(5) });
      const images = rand([2, 3, 16, 16], new Generator(7));
      const live = liveTensors();
      scope(() => {
        trainingPass(model, images.clone().requiresGrad_());
      });
      expect(liveTensors()).toBe(live);
      expect(() => noGrad(() => model.logits(rand([1, 3, 4, 4], new Generator(7))))).toThrow(
        "leave batch normalisation one value per channel",
      );
      model.dispose();
    }));
});
