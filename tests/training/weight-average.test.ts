// Averaged weights in a run: what is measured and kept, and that stopping changes nothing.
import { afterAll, describe, expect, it } from "vitest";
import { trainingBatches } from "../../src/data/index.js";
import { createMethod, type MethodName, methodNames, methodOptions } from "../../src/methods/index.js";
import { WeightAverage } from "../../src/nn/index.js";
import { oneCycleMomentum, oneCycleSchedule } from "../../src/optim/index.js";
import { liveTensors, noGrad } from "../../src/tensor/index.js";
import { loadWeights, readCheckpoint, type TrainingOptions, train } from "../../src/training/index.js";
import {
  classCounts,
  eventsOf,
  TinyModel,
  temporaryRuns,
  tinyMethod,
  tinyOptions,
  tinySplit,
  weightsOf,
} from "./tiny-run.js";

const runs = temporaryRuns();
afterAll(runs.remove);

/** Parts of recipes that lie in the method. */
const recipe = { labelSmoothing: 0.1, attackRamp: { from: 0.5 } };

/** Parts of recipes that lie around it: rates and momentum that change with each step, IDBH, mixed images. */
function trainingParts(): Partial<TrainingOptions> {
  const cycle = { epochs: 3, stepsPerEpoch: 6, peakRate: 0.2 };
  const split = tinySplit();
  const cutMix = { probability: 0.5, second: "balanced" } as const;
  return {
    learningRate: oneCycleSchedule(cycle),
    momentum: oneCycleMomentum(cycle, [0.8, 0.95]),
    batches: (epoch) =>
      trainingBatches(split, { batchSize: 8, seed: 2, epoch: epoch - 1, strong: "idbh-strong", cutMix }),
  };
}

/** A tiny run whose weights are averaged from an epoch on; AWP perturbs them within each step. */
function averaged(
  run: TrainingOptions["run"],
  from: number,
  changes: Partial<TrainingOptions> = {},
  name: MethodName = "reat",
  whole = false,
) {
  const model = new TinyModel();
  const weights = new WeightAverage(model, 0.9, whole);
  const adversarial = { attack: { steps: 2, batchNorm: "batch" }, classBudget: { warmUp: 0.5 } };
  const own = name === "plain" ? {} : { ...adversarial, ...(whole && recipe) };
  const stages = name === "taet" ? { cleanEpochs: 1 } : {};
  const method = createMethod(
    methodOptions.parse({ name, ...own, ...stages, weightPerturbation: { gamma: 0.01 } }),
    { classCounts, device: "cpu", epochs: 3 },
  );
  const parts = whole ? trainingParts() : {};
  return { ...tinyOptions(run, { model, method, ...parts, ...changes }), average: { weights, from } };
}

/** The stored weights of a checkpoint, as a model that is measured sees them. */
async function stored(file: string) {
  const model = new TinyModel(99);
  const state = await loadWeights(file, model);
  return { weights: weightsOf(model), state };
}

const average = ({ weights }: { weights: WeightAverage }) =>
  Object.fromEntries([...weights.state()].map(([name, tensor]) => [name, tensor.toArray()]));

describe("a run with averaged weights", () => {
  it("follows the trained weights step by step, the perturbed ones left out, and trains as without", async () => {
    const options = averaged(await runs.create("formula"), 1, { epochs: 1, evaluation: null });
    let expected = weightsOf(options.model);
    await train({
      ...options,
      onProgress: () => {
        const now = weightsOf(options.model);
        expected = Object.fromEntries(
          Object.entries(now).map(([name, values]) => [
            name,
            name.endsWith("num_batches_tracked")
              ? values
              : values.map((value, i) => 0.9 * expected[name]![i]! + 0.1 * value),
          ]),
        );
      },
    });
    for (const [name, values] of Object.entries(average(options.average))) {
      for (const [i, value] of values.entries()) expect(value, name).toBeCloseTo(expected[name]![i]!, 5);
    }
    const { average: _, ...plain } = averaged(await runs.create("plain"), 1, { epochs: 1, evaluation: null });
    await train(plain);
    expect(weightsOf(options.model)).toEqual(weightsOf(plain.model));
  });

  it("measures and keeps the average, and says so", async () => {
    const run = await runs.create("kept");
    const seen: ReturnType<typeof weightsOf>[] = [];
    const options = averaged(run, 2);
    const { evaluation } = options;
    await train({
      ...options,
      evaluation: {
        ...evaluation!,
        run: (context) => {
          seen.push(weightsOf(options.model));
          return evaluation!.run(context);
        },
      },
      select: "last",
    });
    const measured = eventsOf(run).filter((event) => event.type === "evaluation");
    expect(measured.map(({ weights }) => weights)).toEqual([undefined, "averaged"]);
    const last = await stored(run.lastCheckpoint);
    expect(last.weights).toEqual(average(options.average));
    expect(last.weights).toEqual(seen[1]);
    expect(last.state.weightAverage).toEqual({ decay: 0.9, from: 2 });
    expect(last.weights).not.toEqual(weightsOf(options.model));
    const { parts } = await readCheckpoint(run.lastCheckpoint);
    expect([...parts.trained.keys()]).toEqual(expect.arrayContaining([...parts.model.keys()]));
  });

  it("keeps the trained weights before the first averaged epoch", async () => {
    const run = await runs.create("before");
    const options = averaged(run, 5, { epochs: 1, select: "last" });
    await train(options);
    const { weights, state } = await stored(run.lastCheckpoint);
    expect(weights).toEqual(weightsOf(options.model));
    expect(state.weightAverage).toBeUndefined();
  });

  it.each([
    ["in the first averaged epoch", 8],
    ["at its beginning", 6],
    ["before it", 3],
    ["after it", 14],
  ])("stopped %s and continued ends bit-identical", async (name, steps) => {
    const whole = averaged(await runs.create(`whole ${name}`), 2, { epochs: 3 });
    await train(whole);
    const run = await runs.create(`broken ${name}`);
    const controller = new AbortController();
    const stop: TrainingOptions["onProgress"] = ({ epoch, batch, evaluation }) => {
      if (!evaluation && (epoch - 1) * 6 + batch === steps) controller.abort(new Error("Ctrl-C"));
    };
    await train({ ...averaged(run, 2, { epochs: 3 }), onProgress: stop, signal: controller.signal });
    const continued = averaged(run, 2, { epochs: 3, resume: true });
    expect(await train(continued)).toMatchObject({ stopped: false });
    expect(weightsOf(continued.model)).toEqual(weightsOf(whole.model));
    expect(average(continued.average)).toEqual(average(whole.average));
    for (const file of ["lastCheckpoint", "bestCheckpoint"] as const) {
      expect((await stored(run[file])).weights).toEqual((await stored(whole.run[file])).weights);
    }
  });

  it.each(methodNames)(
    "stopped within an epoch of %s with AWP, class budgets and all parts of recipes goes on bit by bit",
    async (name) => {
      const changes = { epochs: 2, evaluation: null };
      const whole = averaged(await runs.create(`whole ${name}`), 1, changes, name, true);
      await train(whole);
      const run = await runs.create(`broken ${name}`);
      const controller = new AbortController();
      const stop: TrainingOptions["onProgress"] = ({ epoch, batch }) => {
        if (epoch === 2 && batch === 2) controller.abort(new Error("Ctrl-C"));
      };
      await train({ ...averaged(run, 1, changes, name, true), onProgress: stop, signal: controller.signal });
      const continued = averaged(run, 1, { ...changes, resume: true }, name, true);
      await train(continued);
      expect(weightsOf(continued.model)).toEqual(weightsOf(whole.model));
      expect(average(continued.average)).toEqual(average(whole.average));
    },
  );

  it("leaves no tensors behind", async () => {
    const options = averaged(await runs.create("memory"), 2, { epochs: 3, method: tinyMethod("pgd-at") });
    const before = liveTensors();
    await train(options);
    expect(liveTensors()).toBe(before);
  });
});

it("an average starts anew from the weights as they are", () => {
  const model = new TinyModel();
  const weights = new WeightAverage(model, 0.9);
  noGrad(() => model.head.weight.add_(1));
  weights.reset();
  expect(average({ weights })).toEqual(weightsOf(model));
});
