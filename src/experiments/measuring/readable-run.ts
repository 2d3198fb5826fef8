// Checks, before long work begins, what is read of a run only at its end.
import { readResults } from "../../evaluation/index.js";
import type { RunFolder } from "../../training/index.js";

/** @throws ReatError `data` naming a damaged environment.json or evaluation */
export function requireReadable(run: RunFolder): void {
  run.environment();
  readResults(run.evaluationsFolder);
}
