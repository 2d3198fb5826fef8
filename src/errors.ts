// The one error class for failures a user can cause or mend.

/** Stable machine-readable kinds of failure. `usage` maps to exit code 2, everything else to 1. */
export type ErrorCode =
  | "usage"
  | "config"
  | "data"
  | "checkpoint"
  | "tensor"
  | "numerics"
  | "disk"
  | "network"
  | "environment";

/** An error whose message is one sentence: what was given, what is wrong with it, what is accepted. */
export class ReatError extends Error {
  override readonly name: string = "ReatError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
