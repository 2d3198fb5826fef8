// Where the time of a training step goes.
import type { BenchCase } from "../case.js";

export const profileCases: readonly BenchCase[] = [];
