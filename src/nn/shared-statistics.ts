// Whether batch normalisation takes its statistics from the images of all processes.
import type { ProcessGroup } from "../tensor/index.js";

let current: ProcessGroup | null = null;

/** The processes whose images batch normalisation takes together for now; null: it takes those that it is given. */
export function sharedStatistics(): ProcessGroup | null {
  return current;
}

/**
 * Runs `body`, in which batch normalisation in modes "train" and "batch" takes its statistics, and the gradients through them, from the images
 * that all processes of the group pass through it at the same time. All make the same passes. null: of each process's own images.
 */
export function withSharedStatistics<T>(group: ProcessGroup | null, body: () => T): T {
  const before = current;
  current = group;
  try {
    return body();
  } finally {
    current = before;
  }
}
