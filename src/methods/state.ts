// Reading back what a method wrote into a checkpoint.
import { z } from "zod";
import { ReatError } from "../errors.js";
import { firstMisfit } from "../schema-misfit.js";
import type { Method, MethodState } from "./method.js";

/** The state as its schema describes it. @throws ReatError `checkpoint` naming the method and the first misfit */
export function readState<T>(method: string, schema: z.ZodType<T>, state: MethodState): T {
  const result = schema.safeParse(state);
  if (result.success) return result.data;
  throw new ReatError(
    "checkpoint",
    `The checkpoint's state is not one of method ${method}: ${firstMisfit(result.error)}.`,
  );
}

/** `state` and `restore` of a method that carries nothing from step to step. */
export function noState(method: string): Pick<Method, "state" | "restore"> {
  return {
    state: () => ({}),
    restore: (state) => void readState(method, z.strictObject({}), state),
  };
}
