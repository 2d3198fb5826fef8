// The options of attacks that go a number of equal steps: their number and their length.
import { z } from "zod";
import { fraction } from "../../fraction.js";
import { type BallName, type NormName, norms } from "../geometry/index.js";

/** @param norm one of `stepwiseNorms`; its usual step is the default */
export function stepwiseOptions(norm: BallName) {
  return {
    steps: z.int().min(1).default(20).meta({ help: "gradient steps, part of the name" }),
    stepSize: fraction({ above: 0 })
      .default(norms[norm as NormName].defaults.stepSize)
      .meta({ help: "length of a step in the norm" }),
  };
}
