// Learning rates as pure functions of the epoch and the batch.
import { ReatError } from "../errors.js";

/**
 * The value of a step: the learning rate, or the momentum.
 * @param epoch from 1
 * @param batch of the epoch, from 0; default: the first
 */
export type Schedule = (epoch: number, batch?: number) => number;

/** Options of `stepSchedule`. */
export interface StepScheduleOptions {
  /** Learning rate of the first epoch. */
  readonly base: number;
  /** Epochs after which the rate is multiplied by `factor`: with 60, epoch 61 is the first with the new rate. */
  readonly milestones: readonly number[];
  readonly factor: number;
}

/** base · factor^(number of milestones before this epoch). @throws ReatError `config` for impossible options */
export function stepSchedule({ base, milestones, factor }: StepScheduleOptions): Schedule {
  if (!(base >= 0 && base < Infinity)) {
    throw new ReatError("config", `A schedule's base must be at least 0, got ${base}.`);
  }
  if (!(factor > 0 && factor < Infinity)) {
    throw new ReatError("config", `A schedule's factor must be above 0, got ${factor}.`);
  }
  const wrong = milestones.find((epoch) => !Number.isInteger(epoch) || epoch < 1);
  if (wrong !== undefined) {
    throw new ReatError("config", `A schedule's milestones must be epochs of at least 1, got ${wrong}.`);
  }
  return (epoch) => base * factor ** milestones.filter((milestone) => epoch > milestone).length;
}
