// Schedules of learning rate, momentum and weight averages against PyTorch's and released codes' (frontier.json).
import { expect, it } from "vitest";
import { Module, WeightAverage, warmedDecay } from "../../src/nn/index.js";
import { cosineSchedule, oneCycleMomentum, oneCycleSchedule } from "../../src/optim/index.js";
import { noGrad, type Tensor, tensor } from "../../src/tensor/index.js";
import { testDevice } from "../test-device.js";
import { describeGolden, expectWithin, uniforms } from "./generator.js";

type Rows = readonly (readonly [step: number, rate: number, momentum: number])[];
type OneCycle = Readonly<{
  max_lr: number;
  total_steps: number;
  pct_start: number;
  anneal: "cos" | "linear";
  div_factor?: number;
  final_div_factor?: number;
  rows: Rows;
}>;
type Cosine = Readonly<{
  total: number;
  warmup_steps: number;
  lr: number;
  eta_min: number;
  start_factor?: number;
  rows: Rows;
}>;

interface Frontier {
  readonly schedulers: {
    readonly one_cycle: Readonly<Record<string, OneCycle>>;
    readonly cosine: Readonly<Record<string, Cosine>>;
    readonly imrahulr: {
      readonly cosine_lr_400: { max_lr: number; rows: Rows };
      readonly cosinew_400: { max_lr: number; rows: Rows };
      readonly cyclic_50_epochs_batch128: { max_lr: number; rows: Rows };
    };
  };
  readonly dajat: {
    readonly cosine_lr: { lr: number; rows: Readonly<Record<string, [epoch: number, rate: number][]>> };
  };
  readonly smoothing: {
    readonly ema: {
      readonly decay_tables: Readonly<
        Record<string, { tau: number; warmup_steps: number; dynamic: boolean; rows: [number, number][] }>
      >;
      readonly vector: {
        tau: number;
        warmup_steps: number;
        initial_seed: number;
        steps: { global_step: number; model_seed: number; average: number[] }[];
      };
    };
  };
}

const within = 1e-12;

class Vector extends Module {
  readonly weight: Tensor;

  constructor(seed: number) {
    super();
    this.weight = this.parameter("weight", tensor(numbers(seed), { device: testDevice }));
  }

  set(seed: number): void {
    noGrad(() => this.weight.copy_(tensor(numbers(seed), { device: testDevice })));
  }
}

const numbers = (seed: number) => Float32Array.from(uniforms(seed, 4), (u) => 2 * u - 1);

describeGolden<Frontier>("frontier.json", ({ schedulers, dajat, smoothing }) => {
  const { main_three_phase: _, main_no_momentum_cycle: still, ...cycles } = schedulers.one_cycle;

  /** Steps as epochs of 5 where that divides, so that both numbers of a step take part. */
  function expectCycle(
    { max_lr, total_steps: total, pct_start, anneal, ...rest }: OneCycle,
    moving: boolean,
  ) {
    const stepsPerEpoch = total % 5 === 0 ? 5 : 1;
    const { div_factor: div = 25, final_div_factor: final = 1e4 } = rest;
    const options = {
      ...{ epochs: total / stepsPerEpoch, stepsPerEpoch, peakRate: max_lr, peakAt: pct_start },
      ...{ start: 1 / div, end: 1 / div / final, shape: anneal === "cos" ? ("cosine" as const) : anneal },
    };
    const rate = oneCycleSchedule(options);
    const momentum = oneCycleMomentum(options, [0.85, 0.95]);
    for (const [step, expectedRate, expectedMomentum] of rest.rows) {
      const at = [1 + Math.floor(step / stepsPerEpoch), step % stepsPerEpoch] as const;
      expect(Math.abs(rate(...at) - expectedRate), `rate of step ${step}`).toBeLessThan(within);
      if (moving) {
        expect(Math.abs(momentum(...at) - expectedMomentum), `momentum of step ${step}`).toBeLessThan(within);
      }
    }
  }

  it.each(Object.entries(cycles))("one cycle, %s", (_name, cycle) => expectCycle(cycle, true));

  it("one cycle without a cycle of momentum has the same rates", () => expectCycle(still!, false));

  it("one cycle as a repository for adversarial training has it, by epochs and by steps", () => {
    const { cosinew_400, cyclic_50_epochs_batch128: cyclic } = schedulers.imrahulr;
    expectCycle({ ...cosinew_400, total_steps: 400, pct_start: 0.025, anneal: "cos" }, true);
    expectCycle({ ...cyclic, total_steps: 50 * 391, pct_start: 0.25, anneal: "cos" }, true);
  });

  it.each(Object.entries(schedulers.cosine))("half a cosine, %s", (_name, golden) => {
    const { total, warmup_steps, lr, eta_min, start_factor: start = 1 } = golden;
    // The floor of the warm-up counts in whole epochs: 4 steps each where both numbers allow it.
    const steps = [total, warmup_steps].every((count) => count % 4 === 0) ? 4 : 1;
    const length = { epochs: total / steps, stepsPerEpoch: steps, warmUp: warmup_steps / steps };
    const schedule = cosineSchedule({ base: lr, ...length, start, floor: eta_min });
    for (const [step, expected] of golden.rows) {
      const rate = schedule(1 + Math.floor(step / steps), step % steps);
      expect(Math.abs(rate - expected), `step ${step}`).toBeLessThan(within);
    }
  });

  it("half a cosine by epochs, as ACAT and a repository for adversarial training have it", () => {
    const { lr: base, rows } = dajat.cosine_lr;
    for (const [name, list] of Object.entries(rows)) {
      const epochs = Number(name.replace("epochs_", ""));
      const schedule = cosineSchedule({ base, epochs, stepsPerEpoch: 9, by: "epoch" });
      for (const [epoch, rate] of list) {
        expect(Math.abs(schedule(epoch, 8) - rate), `${name}, epoch ${epoch}`).toBeLessThan(within);
      }
    }
    const { max_lr, rows: from0 } = schedulers.imrahulr.cosine_lr_400;
    const schedule = cosineSchedule({ base: max_lr, epochs: 400, stepsPerEpoch: 9, by: "epoch" });
    for (const [epoch, rate] of from0) {
      expect(Math.abs(schedule(epoch + 1, 0) - rate), `epoch ${epoch}`).toBeLessThan(within);
    }
  });

  it("a decay that warms up, and the average that it gives", () => {
    for (const { tau, warmup_steps, dynamic, rows } of Object.values(smoothing.ema.decay_tables)) {
      // Before its start a run has no average, and that repository's start may lie within a step.
      for (const [step, expected] of rows.filter(([step]) => dynamic && step >= warmup_steps)) {
        expect(Math.abs(warmedDecay(tau, step - warmup_steps) - expected), `step ${step}`).toBeLessThan(
          within,
        );
      }
    }
    const { tau, warmup_steps, steps, initial_seed } = smoothing.ema.vector;
    const module = new Vector(initial_seed);
    const average = new WeightAverage(module, tau, true);
    for (const { global_step, model_seed, average: expected } of steps) {
      module.set(model_seed);
      if (global_step < warmup_steps) average.reset();
      else average.update(global_step - warmup_steps);
      expectWithin(average.state().get("weight")!.toArray(), expected, 1e-6, `step ${global_step}`);
    }
    average.dispose();
  });
});
