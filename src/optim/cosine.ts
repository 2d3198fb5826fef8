// Rates that fall along half a cosine (Loshchilov and Hutter 2017, without restarts), after a linear warm-up.
import { ReatError } from "../errors.js";
import type { Schedule } from "./schedule.js";

/** Options of `cosineSchedule`. */
export interface CosineScheduleOptions {
  /** Rate at the end of the warm-up, above 0. */
  readonly base: number;
  /** Length of the training, at least 1. */
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Epochs of the warm-up, below `epochs`. Default: 0. */
  readonly warmUp?: number;
  /** Rate at the beginning of the warm-up, as a share of the base. Default: 0.1. */
  readonly start?: number;
  /** Rate that the cosine falls to, from 0 to the base. Default: 0. */
  readonly floor?: number;
  /** What the rate changes with. Default: "step". */
  readonly by?: "step" | "epoch";
}

/**
 * floor + (base − floor)·(1 + cos(π·(t − w)/(T − w)))/2 after a warm-up of w, with t counted from 0 in steps or epochs and T the whole
 * training; during the warm-up base·(start + (1 − start)·t/w). PyTorch's LinearLR before CosineAnnealingLR; without a warm-up and by epochs
 * it is the schedule of ACAT and DAJAT. Beyond T, where a training is made longer, the rate stays at the floor.
 * @throws ReatError `config` for impossible options
 */
export function cosineSchedule(options: CosineScheduleOptions): Schedule {
  const { base, epochs, stepsPerEpoch, warmUp = 0, start = 0.1, floor = 0, by = "step" } = options;
  const refuse = (name: string, accepted: string, got: number) =>
    new ReatError("config", `A cosine schedule's ${name} must be ${accepted}, got ${got}.`);
  if (!(base > 0 && base < Infinity)) throw refuse("base", "above 0", base);
  for (const [name, count] of Object.entries({ epochs, stepsPerEpoch })) {
    if (!(Number.isInteger(count) && count >= 1)) throw refuse(name, "a whole number of at least 1", count);
  }
  if (!(Number.isInteger(warmUp) && warmUp >= 0 && warmUp < epochs)) {
    throw refuse("warmUp", `a whole number of epochs below the training's ${epochs}`, warmUp);
  }
  if (!(start >= 0 && start <= 1)) throw refuse("start", "a share from 0 to 1", start);
  if (!(floor >= 0 && floor <= base)) throw refuse("floor", `from 0 to the base, ${base}`, floor);
  const unit = by === "step" ? stepsPerEpoch : 1;
  const [warm, whole] = [warmUp * unit, epochs * unit];
  return (epoch, batch = 0) => {
    const t = Math.min((epoch - 1) * unit + (by === "step" ? batch : 0), whole);
    if (t < warm) return base * (start + ((1 - start) * t) / warm);
    return floor + ((base - floor) / 2) * (1 + Math.cos((Math.PI * (t - warm)) / (whole - warm)));
  };
}
