// One-cycle rates (Smith and Topin 2018): up to a peak early in training, then down to almost nothing.
import { ReatError } from "../errors.js";
import type { Schedule } from "./schedule.js";

/** Options of `oneCycleSchedule`. */
export interface OneCycleScheduleOptions {
  /** Rate at the peak, above 0. */
  readonly peakRate: number;
  /** Length of the training, at least 1. */
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Share of the steps at which the peak is reached, above 0 and below 1. Default: 0.3. */
  readonly peakAt?: number;
  /** Rate of the first step, as a share of the peak's. Default: 1/25. */
  readonly start?: number;
  /** Rate of the last step, as a share of the peak's. Default: 1/250,000. */
  readonly end?: number;
  /** Along half a cosine or a straight line. Default: "cosine". */
  readonly shape?: "cosine" | "linear";
}

type Between = (share: number, from: number, to: number) => number;

const shapes: Record<NonNullable<OneCycleScheduleOptions["shape"]>, Between> = {
  cosine: (share, from, to) => to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share)),
  linear: (share, from, to) => from + (to - from) * share,
};

/**
 * The values of one cycle, step by step, with the phases of PyTorch's OneCycleLR: the peak is step peakAt·T − 1 of T, and the last
 * step, T − 1, has the end's value. Beyond it, where a training is made longer, the end's value stays.
 * @throws ReatError `config` for impossible options
 */
function cycle(
  options: OneCycleScheduleOptions,
  values: readonly [start: number, peak: number, end: number],
): Schedule {
  const { epochs, stepsPerEpoch, peakAt = 0.3, shape = "cosine" } = options;
  for (const [name, count] of Object.entries({ epochs, stepsPerEpoch })) {
    if (!(Number.isInteger(count) && count >= 1)) {
      throw new ReatError(
        "config",
        `One cycle's ${name} must be a whole number of at least 1, got ${count}.`,
      );
    }
  }
  if (!(peakAt > 0 && peakAt < 1)) {
    throw new ReatError("config", `One cycle's peakAt must be above 0 and below 1, got ${peakAt}.`);
  }
  const [start, peak, end] = values;
  const last = epochs * stepsPerEpoch - 1;
  const top = peakAt * epochs * stepsPerEpoch - 1;
  const between = shapes[shape];
  return (epoch, batch = 0) => {
    const step = Math.min((epoch - 1) * stepsPerEpoch + batch, last);
    // A training so short that its peak comes before the first step begins there.
    if (step <= top) return top === 0 ? peak : between(step / top, start, peak);
    return between((step - Math.max(top, 0)) / Math.max(last - Math.max(top, 0), 1), peak, end);
  };
}

/** Learning rates of one cycle. @throws ReatError `config` for impossible options */
export function oneCycleSchedule(options: OneCycleScheduleOptions): Schedule {
  const { peakRate, start = 1 / 25, end = 1 / 250_000 } = options;
  if (!(peakRate > 0 && peakRate < Infinity)) {
    throw new ReatError("config", `One cycle's peakRate must be above 0, got ${peakRate}.`);
  }
  for (const [name, share] of Object.entries({ start, end })) {
    if (!(share >= 0 && share <= 1)) {
      throw new ReatError(
        "config",
        `One cycle's ${name} must be a share from 0 to 1 of the peak, got ${share}.`,
      );
    }
  }
  return cycle(options, [start * peakRate, peakRate, end * peakRate]);
}

/**
 * Momentum that falls while the rate rises and rises while it falls, within the same cycle; PyTorch's default is 0.85 to 0.95.
 * @param range the momentum at the peak of the rate, and at start and end; from 0 to below 1, ascending
 * @throws ReatError `config` for impossible options
 */
export function oneCycleMomentum(
  options: OneCycleScheduleOptions,
  [low, high]: readonly [low: number, high: number],
): Schedule {
  if (!(low >= 0 && low <= high && high < 1)) {
    throw new ReatError(
      "config",
      `One cycle's momentum must be two ascending numbers from 0 to below 1, got [${low}, ${high}].`,
    );
  }
  return cycle(options, [high, low, high]);
}
