// The face of sweeps.
export { readSweep, type Sweep, type SweepOptions, type SweepRun } from "./plan.js";
export { type WrittenSweep, writeSweep } from "./slurm.js";
export { type SweepRunState, type SweepRunStatus, sweepRunStatus, sweepStatus } from "./state.js";
export { type SweepWatch, workThroughSweep } from "./work.js";
