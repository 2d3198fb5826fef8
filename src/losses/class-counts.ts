// Checks of class counts, and the classes that count as the tail.
import { classGroups, type TailRule } from "../data/index.js";
import { ReatError } from "../errors.js";

/** @throws ReatError `config` unless there are two or more counts, all integers of at least 1 */
export function checkClassCounts(classCounts: readonly number[]): void {
  const wrong = classCounts.find((count) => !Number.isInteger(count) || count < 1);
  if (classCounts.length < 2 || wrong !== undefined) {
    throw new ReatError(
      "config",
      `Class counts must be two or more integers of at least 1, got ${wrong ?? `${classCounts.length} classes`}.`,
    );
  }
}

/**
 * The tail classes in ascending order, as `classGroups` ranks them: by size, not by label. The default is the rule of the
 * authors' code; the paper's text differs from it for some numbers of classes (`TailRule`).
 */
export function tailClasses(classCounts: readonly number[], rule: TailRule = "reference"): number[] {
  return classGroups(classCounts, rule).flatMap((group, label) => (group === "tail" ? [label] : []));
}
