// Where the time of a training step goes: the time of all operators by kind, and the rest.
import { type Kind, kindOf, kinds } from "../operator-kinds.js";
import type { ProfileWork } from "../work.js";
import { loadProfiler } from "./profiler.js";
import type { Run } from "./run.js";
import { stepper } from "./train-step.js";

/** Values: seconds by kind, which add up to the repetition's own duration. */
export function prepareProfile({ step }: ProfileWork): Run {
  const profiler = loadProfiler();
  const { draw, train } = stepper(step);
  return () => {
    const seconds = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>;
    const began = performance.now();
    const batch = draw();
    const drawn = performance.now();
    profiler.start();
    train(batch);
    const times = profiler.stop();
    const trained = performance.now();
    seconds["data and augmentation"] = (drawn - began) / 1000;
    let inOperators = 0;
    for (const [operator, [own]] of Object.entries(times)) {
      seconds[kindOf(operator)] += own;
      inOperators += own;
    }
    seconds["JavaScript and bookkeeping"] = (trained - drawn) / 1000 - inOperators;
    return seconds;
  };
}
