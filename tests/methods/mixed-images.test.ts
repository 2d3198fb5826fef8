// Mixed images with any method: loss and attack share themselves between both labels, and one set of passes serves both.
import { describe, expect, it } from "vitest";
import { pgd } from "../../src/attacks/index.js";
import {
  assembleMethod,
  type MethodName,
  methodNames,
  methodOptions,
  methods,
} from "../../src/methods/index.js";
import { equal, Generator, scope, type Tensor, tensor } from "../../src/tensor/index.js";
import { batchOf, classCounts, TinyModel } from "./models.js";

const setup = { classCounts, device: "cpu", epochs: 4 } as const;
const second = batchOf(5).labels;
const mixedWith = (share: number) => ({
  labels: second,
  share: tensor(Float32Array.of(share), { shape: [] }),
});

/** The loss of a step on the same examples, however the batch is labelled; and the network's passes in it. */
function lossOf(name: MethodName, labelled: { labels?: Tensor; mixed?: ReturnType<typeof mixedWith> }) {
  const options = methodOptions.parse({ name, ...(name === "taet" && { cleanEpochs: 0 }) });
  const entry = methods[name] as unknown as (typeof methods)["pgd-at"];
  const parts = entry.recipe(options as never, setup);
  const batch = { ...batchOf(2), ...labelled };
  const examples = () => batch.images.mul(0.9);
  const method = assembleMethod(name, { ...parts, examples }, options, setup);
  const model = new TinyModel(1);
  let passes = 0;
  const features = model.features.bind(model);
  model.features = (images) => {
    passes += 1;
    return features(images);
  };
  method.beginEpoch(1);
  const loss = scope(() => method.step(batch, { model, generator: new Generator(3) }).loss.item());
  method.dispose();
  return { loss, passes };
}

describe.each(methodNames)("%s", (name) => {
  it("has λ times the loss of the first labels and 1 − λ times that of the second", () => {
    const [first, other] = [lossOf(name, {}), lossOf(name, { labels: second })];
    expect(Math.abs(first.loss - other.loss)).toBeGreaterThan(1e-3);
    const mixed = lossOf(name, { mixed: mixedWith(0.3) });
    expect(mixed.loss).toBeCloseTo(0.3 * first.loss + 0.7 * other.loss, 4);
    expect(mixed.passes).toBe(first.passes);
  });
});

it("examples with all of the first label's share are the first label's, with none the second's", () => {
  const { images, labels } = batchOf(2);
  const attack = pgd({ norm: "linf", epsilon: 0.1, stepSize: 0.03, steps: 3 });
  const model = new TinyModel(1);
  model.setMode("eval");
  const made = (of: Tensor, share?: number) =>
    attack.perturb(model, images, of, new Generator(3), null, share === undefined ? null : mixedWith(share));
  expect(equal(made(labels, 1), made(labels))).toBe(true);
  expect(equal(made(labels, 0), made(second))).toBe(true);
  expect(equal(made(labels, 0.5), made(labels))).toBe(false);
});
