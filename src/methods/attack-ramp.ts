// An attack that grows over the training: weak examples first, the whole budget at the end (DAJAT's and IKL's schedule).
import { z } from "zod";
import { ReatError } from "../errors.js";
import { fraction } from "../fraction.js";

/** Options of a growing attack, around any method that makes adversarial examples. */
export const attackRampOptions = z.strictObject({
  from: fraction({ min: 0, max: 1 })
    .default(0)
    .meta({ help: "share of epsilon that the growth begins at, before the first epoch" }),
  over: fraction({ above: 0, max: 1 })
    .default(1)
    .meta({ help: "share of the training over which epsilon grows to the whole" }),
  scalesStep: z
    .boolean()
    .default(true)
    .meta({ help: "whether the step size grows along; false keeps the whole step" }),
});
/** Resolved options of a growing attack. */
export type AttackRampOptions = z.output<typeof attackRampOptions>;

/**
 * Share of epsilon in an epoch: from + (1 − from)·min(epoch/(over·epochs), 1). With the defaults it is epoch/epochs, the schedule of ACAT and
 * DAJAT (Addepalli et al. 2022, arXiv 2210.15318; released code val-iisc/DAJAT).
 * @param epoch from 1; @param epochs length of the training
 * @throws ReatError `config` where the number of epochs is not known
 */
export function rampShare(
  { from, over }: Pick<AttackRampOptions, "from" | "over">,
  epoch: number,
  epochs: number | undefined,
): number {
  if (epochs === undefined) {
    throw new ReatError(
      "config",
      "The attack's ramp needs the training's number of epochs, and none was given; leave it out to attack with the whole budget throughout.",
    );
  }
  return from + (1 - from) * Math.min(epoch / (over * epochs), 1);
}
