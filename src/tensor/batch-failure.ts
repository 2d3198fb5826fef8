// What is said of a batch that failed because memory ran out or its GPU failed.
import { ReatError } from "../errors.js";
import { DeviceError, OutOfMemoryError } from "./errors.js";
import { describeShortage, likelyBatchSize } from "./memory-shortage.js";

/** Where it happened. */
export interface FailedBatch {
  /** Such as "In epoch 1, batch 3 of 98". */
  readonly where: string;
  /** Images of a batch; 0 where making the batch failed: the error then says it all. */
  readonly batchSize: number;
  /** Whether the run has a checkpoint to be continued from. Default: false. */
  readonly kept?: boolean;
}

/** One sentence for exhausted memory or a failed GPU, `null` for any other error. */
export function batchFailure(
  cause: unknown,
  { where, batchSize, kept = false }: FailedBatch,
): ReatError | null {
  const checkpoint = kept ? "; the last checkpoint is kept" : "";
  if (cause instanceof OutOfMemoryError && batchSize > 0) {
    const fitting = likelyBatchSize(batchSize, cause.shortage);
    const advice =
      fitting === null ? "a smaller network or image is needed" : `batches of ${fitting} would probably fit`;
    return new ReatError(
      "memory",
      `${where}: memory ran out with batches of ${batchSize} images (${describeShortage(cause.shortage)}); ${advice}${checkpoint}.`,
      { cause },
    );
  }
  if (cause instanceof DeviceError) {
    const said = cause.message.replace(/\.$/, "");
    const next = kept ? "; the last checkpoint is kept, and a new process can continue from it" : "";
    return new ReatError("device", `${where}: the GPU failed (${said})${next}.`, { cause });
  }
  return null;
}
