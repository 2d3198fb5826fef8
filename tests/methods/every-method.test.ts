// What holds for every method: its gradient, its memory, its state in the middle of an epoch, its modifiers.
import { describe, expect, it } from "vitest";
import {
  createMethod,
  type MethodName,
  methodNames,
  methodOptions,
  type TrainingBatch,
} from "../../src/methods/index.js";
import { WeightAverage } from "../../src/nn/index.js";
import { SGD } from "../../src/optim/index.js";
import { Generator, grad, liveTensors, noGrad, scope, type Tensor, tensor } from "../../src/tensor/index.js";
import { batchOf, classCounts, descend, TinyModel } from "./models.js";

const taught = new TinyModel(9);
taught.setMode("eval");
const teacher = { logits: (images: Tensor) => taught.logits(images) };
const setup = { classCounts, device: "cpu", epochs: 4, teacher } as const;

const budget = { epsilon: "16/255", stepSize: "4/255", steps: 2, batchNorm: "batch" };

/** Every other batch is one of mixed images. */
function mixedBatch(seed: number): TrainingBatch {
  const batch = batchOf(seed);
  if (seed % 2 === 0) return batch;
  return {
    ...batch,
    mixed: { labels: batchOf(seed + 1).labels, share: tensor(Float32Array.of(0.7), { shape: [] }) },
  };
}

/** Options that let a method do all it does in the first epochs. */
function optionsOf(name: MethodName, changes: object = {}): Record<string, unknown> {
  const attack = name === "plain" ? {} : { attack: budget };
  const stages = name === "taet" ? { cleanEpochs: 1 } : {};
  return { name, ...attack, ...stages, ...changes };
}
const create = (options: object) => createMethod(methodOptions.parse(options), setup);

/** All parts of recipes around a method; of two rules for classes, which exclude each other, every other method has one. */
function recipe(name: MethodName, index: number) {
  const rule = index % 2 === 0 ? "cfa" : "dafa";
  const parts = { labelSmoothing: 0.1, attackRamp: { from: 0.2 }, gkl: { gamma: 0.5 }, rebat: { from: 2 } };
  return {
    title: `${name} with ${rule} and all other parts`,
    options: optionsOf(name, { ...parts, [rule]: { from: 2 }, selfTeacher: { run: "a teacher" } }),
  };
}

const variants = methodNames.flatMap((name, index) => [
  { title: name, options: optionsOf(name) },
  {
    title: `${name} with modifiers`,
    options: optionsOf(name, {
      weightPerturbation: { gamma: 0.01 },
      ...(name === "plain" ? {} : { classBudget: { warmUp: 0.5 } }),
    }),
  },
  ...(name === "plain" ? [] : [recipe(name, index)]),
]);

describe.each(variants)("$title", ({ options }) => {
  /** Steps of SGD with momentum; `onStep` may replace the method, as a restart does. */
  function train(steps: number, restartAt: number | null) {
    const model = new TinyModel(1);
    const generator = new Generator(3);
    const average = new WeightAverage(model, 0.9);
    const averaged = <T>(body: () => T) => average.during(body);
    const optimiser = new SGD(model.namedParameters(), { learningRate: 0.05, momentum: 0.9 });
    let method = create(options);
    for (let step = 0; step < steps; step++) {
      const epoch = 1 + Math.floor(step / 3);
      if (step === restartAt) {
        const state = JSON.parse(JSON.stringify(method.state()));
        method.dispose();
        method = create(options);
        method.restore(state);
        method.beginEpoch(epoch);
      } else if (step % 3 === 0) method.beginEpoch(epoch);
      scope(() => {
        const result = method.step(mixedBatch(step + 1), { model, generator, averaged });
        optimiser.step(grad(result.loss, model.parameters()));
        result.afterUpdate?.();
        average.update();
      });
    }
    method.dispose();
    average.dispose();
    return [...model.stateDict().values()].flatMap((tensor) => tensor.toArray());
  }

  it("continues bit-identically from its state, in the middle of an epoch and between two", () => {
    const whole = train(8, null);
    expect(whole.every(Number.isFinite)).toBe(true);
    for (const restartAt of [4, 6]) expect(train(8, restartAt)).toEqual(whole);
  });

  it("leaves no tensors behind", () => {
    const model = new TinyModel(1);
    const method = create(options);
    using average = {
      weights: new WeightAverage(model, 0.9),
      [Symbol.dispose]: () => average.weights.dispose(),
    };
    const averaged = <T>(body: () => T) => average.weights.during(body);
    const optimiser = new SGD(model.namedParameters(), { learningRate: 0.05 });
    const step = (epoch: number) =>
      scope(() => {
        method.beginEpoch(epoch);
        const result = method.step(mixedBatch(1), { model, generator: new Generator(3), averaged });
        optimiser.step(grad(result.loss, model.parameters()));
        result.afterUpdate?.();
      });
    for (const epoch of [1, 2, 2]) step(epoch);
    const before = liveTensors();
    for (let i = 0; i < 4; i++) step(2);
    expect(liveTensors()).toBe(before);
  });

  it("frees all that it made when it is disposed", () => {
    /** Tensors more after a whole life of the method than before it. */
    const left = () => {
      const before = liveTensors();
      scope(() => {
        const model = new TinyModel(1);
        const method = create(options);
        for (const epoch of [1, 2]) {
          method.beginEpoch(epoch);
          // The weights themselves stand for their average.
          const context = { model, generator: new Generator(3), averaged: <T>(body: () => T) => body() };
          method.step(mixedBatch(1), context).afterUpdate?.();
        }
        method.dispose();
        model.trainedOn?.dispose();
        model.dispose();
      });
      return liveTensors() - before;
    };
    left();
    expect(left()).toBe(0);
  });
});

describe.each(methodNames)("%s", (name) => {
  it("has the gradient of finite differences", () => {
    const model = new TinyModel(1);
    model.to("float64");
    const batch = batchOf(2, "float64");
    // Without a perturbation the examples do not depend on the weights; TAIL's anchors are held, which differences are not.
    const still = name === "plain" ? {} : { attack: { ...budget, epsilon: 0 } };
    const free = name === "reat" ? { tail: { enabled: false } } : name === "taet" ? { cleanEpochs: 0 } : {};
    const method = create({ name, ...still, ...free });
    method.beginEpoch(1);
    const step = () => method.step(batch, { model, generator: new Generator(3) }).loss;
    const parameters = [...model.namedParameters()];
    const gradients = grad(
      step(),
      parameters.map(([, parameter]) => parameter),
    );
    const width = 1e-6;
    for (const [index, [key, parameter]] of parameters.entries()) {
      const start = Float64Array.from(parameter.toArray());
      const gradient = gradients[index]!.toArray();
      for (let element = 0; element < start.length; element += Math.ceil(start.length / 4)) {
        const at = (offset: number) => {
          const moved = start.slice();
          moved[element]! += offset;
          parameter.write_(moved);
          return scope(() => noGrad(() => step().item()));
        };
        const slope = (at(width) - at(-width)) / (2 * width);
        parameter.write_(start);
        const allowed = 1e-6 * (1 + Math.abs(gradient[element]!));
        expect(Math.abs(slope - gradient[element]!), `${key}[${element}]`).toBeLessThan(allowed);
      }
    }
  });

  it("lowers its loss on a batch", () => {
    const context = { model: new TinyModel(1), generator: new Generator(3) };
    const method = create({ ...optionsOf(name), ...(name === "taet" ? { cleanEpochs: 0 } : {}) });
    method.beginEpoch(1);
    const losses = Array.from({ length: 40 }, () => descend(method, batchOf(2), context));
    expect(losses.at(-1)!).toBeLessThan(0.95 * losses[0]!);
  });
});
