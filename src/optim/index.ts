// Optimisers and learning-rate schedules.

export { type Schedule, type StepScheduleOptions, stepSchedule } from "./schedule.js";
export { SGD, type SgdOptions } from "./sgd.js";
