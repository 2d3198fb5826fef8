// The process that is killed: does one stage, and says when it begins.
import { doStage, type Stage } from "./stages.js";

const [stage, images, work] = process.argv.slice(2) as [Stage, string, string];
process.send?.("begins");
await doStage(stage, { images, work });
process.disconnect?.();
