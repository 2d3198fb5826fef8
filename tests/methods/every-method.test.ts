// What holds for every method: its gradient, its memory, its state in the middle of an epoch, its modifiers.
import { describe, expect, it } from "vitest";
import { createMethod, type MethodName, methodNames, methodOptions } from "../../src/methods/index.js";
import { SGD } from "../../src/optim/index.js";
import { Generator, grad, liveTensors, noGrad, scope } from "../../src/tensor/index.js";
import { batchOf, classCounts, descend, TinyModel } from "./models.js";

const setup = { classCounts, device: "cpu", epochs: 4 } as const;
const budget = { epsilon: "16/255", stepSize: "4/255", steps: 2, batchNorm: "batch" };

/** Options that let a method do all it does in the first epochs. */
function optionsOf(name: MethodName, changes: object = {}): Record<string, unknown> {
  const attack = name === "plain" ? {} : { attack: budget };
  const stages = name === "taet" ? { cleanEpochs: 1 } : {};
  return { name, ...attack, ...stages, ...changes };
}
const create = (options: object) => createMethod(methodOptions.parse(options), setup);

const variants = methodNames.flatMap((name) => [
  { title: name, options: optionsOf(name) },
  {
    title: `${name} with modifiers`,
    options: optionsOf(name, {
      weightPerturbation: { gamma: 0.01 },
      ...(name === "plain" ? {} : { classBudget: { warmUp: 0.5 } }),
    }),
  },
]);

describe.each(variants)("$title", ({ options }) => {
  /** Steps of SGD with momentum; `onStep` may replace the method, as a restart does. */
  function train(steps: number, restartAt: number | null) {
    const model = new TinyModel(1);
    const generator = new Generator(3);
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
        const result = method.step(batchOf(step + 1), { model, generator });
        optimiser.step(grad(result.loss, model.parameters()));
        result.afterUpdate?.();
      });
    }
    method.dispose();
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
    const optimiser = new SGD(model.namedParameters(), { learningRate: 0.05 });
    const step = (epoch: number) =>
      scope(() => {
        method.beginEpoch(epoch);
        const result = method.step(batchOf(1), { model, generator: new Generator(3) });
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
          method.step(batchOf(1), { model, generator: new Generator(3) }).afterUpdate?.();
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
