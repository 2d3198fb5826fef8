// LibTorch's own record of its function calls.
import { loadNative } from "./native.js";

/** Seconds and calls by operator, without the time of the operators that each one calls. */
export type OperatorTimes = Readonly<Record<string, readonly [seconds: number, calls: number]>>;

export interface Profiler {
  start(): void;
  stop(): OperatorTimes;
}

/** @throws Error with the compiler's words where it cannot be compiled */
export function loadProfiler(): Profiler {
  return loadNative("profiler") as Profiler;
}
