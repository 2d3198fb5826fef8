// Parameters that rest: their gradients are not computed, and everything else comes out bit by bit as if they were.
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import type { SGD as SgdType } from "../../src/optim/index.js";
import { AdamW, SGD } from "../../src/optim/index.js";
import {
  CudaGraph,
  Generator,
  keep,
  liveTensors,
  noGrad,
  rand,
  scope,
  Tensor,
  tensor,
} from "../../src/tensor/index.js";
import { native } from "../../src/tensor/native.js";
import { type Optimizer, train } from "../../src/training/index.js";
import { StepRunner } from "../../src/training/recorded-step.js";
import { eventsOf, TinyModel, temporaryRuns, tinyMethod, tinyOptions, weightsOf } from "./tiny-run.js";

/**
 * Stands in for a GPU's recordings until `vi.restoreAllMocks`: what was recorded is done again, into the same tensors. Methods are replaced and
 * no module, because test files share their modules.
 */
function standInForRecordings() {
  const recordings = { made: 0, freed: 0, replayed: 0 };
  type Recorded = { result: { terms: object }; gradients: unknown[] };
  const tensorsOf = ({ result, gradients }: Recorded) =>
    [...Object.values(result), ...Object.values(result.terms), ...gradients].filter(
      (value) => value instanceof Tensor,
    );
  const capture = (_device: string, body: () => unknown) => {
    recordings.made += 1;
    const result = body() as Recorded;
    return {
      result,
      replay: () => {
        recordings.replayed += 1;
        const again = tensorsOf(body() as Recorded);
        for (const [index, own] of tensorsOf(result).entries()) {
          noGrad(() => own.copy_(again[index]!));
          again[index]!.dispose();
        }
      },
      dispose: () => {
        recordings.freed += 1;
      },
    } as unknown as CudaGraph<unknown>;
  };
  vi.spyOn(CudaGraph, "capture").mockImplementation(capture as typeof CudaGraph.capture);
  const info = native().systemInfo();
  vi.spyOn(native(), "systemInfo").mockReturnValue({ ...info, cudaGraphs: true });
  return recordings;
}

const runs = temporaryRuns();
afterAll(() => runs.remove());
afterEach(() => {
  vi.restoreAllMocks();
});

const isBackbone = (name: string) => !name.startsWith("head.");
const settingsOf = (name: string) => (isBackbone(name) ? { frozenEpochs: 2 } : {});
const learningRate = 0.05;
const optimizers = {
  sgd: (model: TinyModel) =>
    new SGD(model.namedParameters(), { learningRate, momentum: 0.9, weightDecay: 5e-4, settingsOf }),
  adamw: (model: TinyModel) => new AdamW(model.namedParameters(), { learningRate, settingsOf }),
};

/** The optimiser, which notes in each epoch which gradients it gets; `asksAll`: without a word of which it does not need. */
function noting(own: SgdType | AdamW, asksAll: boolean) {
  const missing = new Map<number, string>();
  const optimizer: Optimizer = {
    get learningRate() {
      return own.learningRate;
    },
    set learningRate(value) {
      own.learningRate = value;
    },
    get epoch() {
      return own.epoch;
    },
    set epoch(value) {
      own.epoch = value;
    },
    ...(!asksAll && { resting: (epoch: number) => own.resting(epoch) }),
    step: (gradients) => {
      missing.set(own.epoch, gradients.map((gradient) => (gradient === null ? "-" : "g")).join(""));
      own.step(gradients);
    },
    state: () => own.state(),
    loadState: (state) => own.loadState(state),
  };
  return { optimizer, missing };
}

let made = 0;
async function trained(
  kind: keyof typeof optimizers,
  { asksAll = false, shards = 1, awp = false }: { asksAll?: boolean; shards?: number; awp?: boolean },
) {
  const model = new TinyModel();
  const { optimizer, missing } = noting(optimizers[kind](model), asksAll);
  const run = await runs.create(`run-${made++}`);
  const method = tinyMethod("pgd-at", {
    attack: { steps: 1 },
    ...(awp && { weightPerturbation: { gamma: 0.05 } }),
  });
  await train(
    tinyOptions(run, {
      ...{ model, optimizer, method, epochs: 3, learningRate: () => learningRate, evaluation: null },
      shards: { count: shards, reduction: "ordered", seed: 3 },
    }),
  );
  const losses = eventsOf(run).flatMap((event) => (event.type === "batch" ? [event.loss] : []));
  const state = scope(() => [...optimizer.state()].map(([name, value]) => [name, value.toArray()]));
  return { outcome: { weights: weightsOf(model), losses, state }, missing: [...missing.values()] };
}

it.each([
  ["sgd", { shards: 1, awp: false }],
  ["adamw", { shards: 1, awp: true }],
  ["sgd", { shards: 2, awp: false }],
  ["sgd", { shards: 2, awp: true }],
] as const)("%s %j: the steps are those that ask for all gradients", async (kind, how) => {
  const [own, plain] = [await trained(kind, how), await trained(kind, { ...how, asksAll: true })];
  expect(own.outcome).toEqual(plain.outcome);
  // Convolution, norm's weight and bias, head's weight and bias; the backbone rests for two epochs.
  expect(own.missing).toEqual(["---gg", "---gg", "ggggg"]);
  expect(plain.missing).toEqual(["ggggg", "ggggg", "ggggg"]);
  expect(own.outcome.losses).toHaveLength(9);
});

it("an optimiser names a parameter that moves and got no gradient", () => {
  for (const kind of ["sgd", "adamw"] as const) {
    const model = new TinyModel();
    const optimizer = optimizers[kind](model);
    const gradients = scope(() => model.parameters().map((each) => keep(each.detach().mul(0))));
    const before = weightsOf(model);
    optimizer.epoch = 1;
    expect(() => optimizer.step(gradients.map((each, at) => (at === 3 ? null : each)))).toThrow(
      "The step moves the parameter head.weight, which got no gradient.",
    );
    expect(weightsOf(model)).toEqual(before);
  }
});

describe("recorded steps", () => {
  it("are forgotten when other parameters rest, and not when the same ones do", () => {
    const recordings = standInForRecordings();
    const model = new TinyModel();
    const generator = new Generator(3);
    Object.defineProperty(generator, "device", { value: "cuda:0" });
    const method = tinyMethod("pgd-at", { attack: { steps: 1, start: "none", batchNorm: "batch" } });
    const steady = { ...method, steady: "run" as const, step: method.step.bind(method) };
    const troubles: string[] = [];
    const runner = new StepRunner({ model, method: steady, generator }, (text) => troubles.push(text));
    const data = new Generator(7);
    const before = liveTensors();
    const step = () =>
      scope(() => {
        const labels = tensor(BigInt64Array.of(0n, 1n, 2n, 3n));
        const { gradients } = runner.run({ images: rand([4, 3, 8, 8], data), labels });
        return gradients.map((gradient) => (gradient === null ? "-" : "g")).join("");
      });
    const backbone = [true, true, true, false, false];
    runner.beginEpoch(null, backbone);
    expect([step(), step(), step()]).toEqual(["---gg", "---gg", "---gg"]);
    expect(recordings).toEqual({ made: 1, freed: 0, replayed: 2 });
    runner.beginEpoch(null, [...backbone]);
    expect(step()).toBe("---gg");
    expect(recordings).toEqual({ made: 1, freed: 0, replayed: 3 });
    runner.beginEpoch(null, null);
    expect(recordings.freed).toBe(1);
    expect([step(), step(), step()]).toEqual(["ggggg", "ggggg", "ggggg"]);
    expect(recordings).toEqual({ made: 2, freed: 1, replayed: 5 });
    // Everything at rest: nothing to ask for.
    runner.beginEpoch(null, [true, true, true, true, true]);
    expect([step(), step()]).toEqual(["-----", "-----"]);
    runner[Symbol.dispose]();
    expect(troubles).toEqual([]);
    expect(liveTensors()).toBe(before);
  });
});
