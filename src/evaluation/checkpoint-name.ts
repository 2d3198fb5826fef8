// The two checkpoints of a run.

/** `last`: after the newest batch that was saved. `best`: of the epoch whose robust accuracy was highest. */
export const checkpointNames = ["last", "best"] as const;
/** The last epoch, or the best one by robust accuracy. */
export type CheckpointName = (typeof checkpointNames)[number];
/** The order in which results are shown and a checkpoint is chosen where none was named. */
export const bestFirst: readonly CheckpointName[] = ["best", "last"];
