// Mode "fast" gives what mode "frozen" gives, to a coarser rounding, and only where the processor gains from it.

import { afterEach, describe, expect, it } from "vitest";
import { tileProcessor } from "../../src/nn/fast/tile-convolution.js";
import { buildModel, type ImageClassifier, type ModelName, setLevers } from "../../src/nn/index.js";
import { Generator, grad, liveTensors, noGrad, rand, scope, type Tensor } from "../../src/tensor/index.js";
import { needing } from "../skipped.js";

let restore: () => void = () => {};
afterEach(() => restore());

function logitsAndGradient(model: ImageClassifier, images: Tensor): [Tensor, Tensor] {
  const point = images.detach().requiresGrad_();
  const logits = model.logits(point);
  const [gradient] = grad(logits.mul(logits).sum(), [point]) as [Tensor];
  return [logits.detach(), gradient];
}

/** Length of the difference over the length. Single elements of a gradient jump at the kinks of ReLU. */
const apart = (a: Tensor, b: Tensor) => a.sub(b).norm(2).item() / b.norm(2).item();

const build = (name: ModelName) => buildModel(name, { classes: 7, generator: new Generator(5) });
const batch = () => rand([3, 3, 32, 32], new Generator(7));
const values = (tensors: readonly Tensor[]) => tensors.map((tensor) => tensor.toArray());

describe.each(["resnet18", "small-resnet", "resnet50", "preact-resnet18", "wrn28_10"] satisfies ModelName[])(
  "%s",
  (name) => {
    it("computes the logits and image gradients of mode eval", () =>
      scope(() => {
        const model = build(name);
        const images = batch();
        const plain = model.withMode("eval", () => logitsAndGradient(model, images));
        const fast = model.withMode("fast", () => logitsAndGradient(model, images));
        expect(fast[1].shape).toEqual(plain[1].shape);
        expect(apart(fast[0], plain[0])).toBeLessThan(1e-4);
        expect(apart(fast[1], plain[1])).toBeLessThan(1e-2);
        model.dispose();
      }));

    it("is mode frozen bit for bit with the lever off", () =>
      scope(() => {
        const model = build(name);
        const images = batch();
        restore = setLevers({ winograd: false });
        const frozen = model.withMode("frozen", () => logitsAndGradient(model, images));
        const fast = model.withMode("fast", () => logitsAndGradient(model, images));
        expect(values(fast)).toEqual(values(frozen));
        model.dispose();
      }));

    it("gives bit for bit what sums and ReLU by themselves give", () =>
      scope(() => {
        const model = build(name);
        const images = batch();
        const fused = model.withMode("fast", () => logitsAndGradient(model, images));
        restore = setLevers({ fuseActivations: false });
        const apart = model.withMode("fast", () => logitsAndGradient(model, images));
        expect(values(apart)).toEqual(values(fused));
        model.dispose();
      }));
  },
);

describe("mode fast", () => {
  const title = needing(
    tileProcessor() !== "",
    "rounds differently, and mode frozen within it does not",
    "tiles need AVX2 or AVX-512",
  );
  it.runIf(tileProcessor() !== "")(title, () =>
    scope(() => {
      const model = build("resnet18");
      const images = batch();
      const frozen = model.withMode("frozen", () => logitsAndGradient(model, images));
      const [fast, inside] = model.withMode("fast", () => [
        logitsAndGradient(model, images),
        model.withMode("frozen", () => logitsAndGradient(model, images)),
      ]);
      expect(values(fast!)).not.toEqual(values(frozen));
      expect(values(inside!)).toEqual(values(frozen));
      model.dispose();
    }),
  );

  it("sees weights that were changed between two uses, and keeps no tensor when it ends", () =>
    scope(() => {
      const model = build("small-resnet");
      const images = batch();
      const run = () => scope(() => model.withMode("fast", () => model.logits(images).sum().item()));
      const live = liveTensors();
      const before = run();
      expect(liveTensors()).toBe(live);
      noGrad(() => model.parameters()[0]!.mul_(2));
      expect(run()).not.toBe(before);
      model.dispose();
    }));
});
