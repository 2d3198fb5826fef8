// Finds checkpoints: those of a run's folder, or the one that a path names.

import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ReatError } from "../errors.js";
import { type CheckpointName, checkpointNames } from "../evaluation/index.js";
import { RunFolder } from "../training/index.js";

/** A checkpoint of a run. */
export interface Located {
  readonly checkpoint: CheckpointName;
  readonly file: string;
}

/**
 * @param place run folder, or a checkpoint file in one
 * @param wanted which checkpoints of a folder; those that are not there are left out
 * @throws ReatError `usage` where there is no run, `checkpoint` where it has none of these
 */
export function locate(
  place: string,
  wanted: readonly CheckpointName[],
): { run: RunFolder; checkpoints: readonly Located[] } {
  const stats = statSync(place, { throwIfNoEntry: false });
  if (!stats) {
    throw new ReatError(
      "usage",
      `There is no run or checkpoint ${place}; accepted is a folder such as runs/<name>.`,
    );
  }
  if (stats.isDirectory()) {
    const run = RunFolder.open(place);
    const checkpoints = wanted
      .map((checkpoint) => ({ checkpoint, file: run.checkpoint(checkpoint) }))
      .filter(({ file }) => existsSync(file));
    if (checkpoints.length === 0) {
      throw new ReatError(
        "checkpoint",
        `${place} has no checkpoint yet; it is written at the end of an epoch.`,
      );
    }
    return { run, checkpoints };
  }
  const folder = dirname(dirname(resolve(place)));
  const run = RunFolder.isRun(folder) ? RunFolder.open(folder) : undefined;
  const checkpoint = checkpointNames.find((name) => run?.checkpoint(name) === resolve(place));
  if (!run || !checkpoint) {
    throw new ReatError(
      "usage",
      `${place} lies in no run; accepted are runs/<name>, and last.safetensors or best.safetensors in its checkpoints folder; weights from elsewhere need --architecture.`,
    );
  }
  return { run, checkpoints: [{ checkpoint, file: resolve(place) }] };
}
