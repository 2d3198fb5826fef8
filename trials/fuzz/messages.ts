// What the fuzzer's processes tell one another.
import type { Outcome } from "./case.js";
import type { Cost } from "./trial.js";

/** From the parent. */
export type Order =
  | { readonly type: "prepare"; readonly formats: readonly string[] }
  | { readonly type: "case"; readonly format: string; readonly seed: number; readonly number: number }
  | { readonly type: "kept"; readonly format: string; readonly path: string };

/** From a worker. */
export type Report =
  | { readonly type: "ready" }
  | { readonly type: "begun"; readonly what: string }
  | { readonly type: "done"; readonly outcome: Outcome; readonly cost: Cost }
  | { readonly type: "failed"; readonly message: string };
