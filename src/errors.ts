// The one error class for failures a user can cause or mend.

/** Stable machine-readable kinds of failure. The command line ends with 2 for `usage` and `config`, with 1 for the rest. */
export type ErrorCode =
  | "usage"
  | "config"
  | "data"
  | "checkpoint"
  | "tensor"
  | "memory"
  | "device"
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
