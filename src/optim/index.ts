// Optimisers and learning-rate schedules.

export { AdamW, type AdamWOptions } from "./adamw.js";
export { type CosineScheduleOptions, cosineSchedule } from "./cosine.js";
export { type OneCycleScheduleOptions, oneCycleMomentum, oneCycleSchedule } from "./one-cycle.js";
export type { ParameterSettings, SettingsOf } from "./parameter-groups.js";
export { type Schedule, type StepScheduleOptions, stepSchedule } from "./schedule.js";
export { SGD, type SgdOptions } from "./sgd.js";
