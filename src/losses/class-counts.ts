// Checks of class counts, and the classes that count as the tail.
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
 * Where the tail starts among C classes sorted by size, largest first: "paper" at ⌈2C/3⌉, "reference" (the authors'
 * code) at 2⌊C/3⌋ + 1. They agree for 10 and 100 classes, not for 200.
 */
export type TailStart = "paper" | "reference";

/** The first class of the tail, counted from 0, among classes sorted by size. */
export function tailStart(classes: number, definition: TailStart): number {
  return definition === "paper" ? Math.ceil((2 * classes) / 3) : 2 * Math.floor(classes / 3) + 1;
}

/**
 * The tail classes in ascending order. Classes need not be sorted by size: they are ranked by it, and among equals the
 * later label ranks lower.
 */
export function tailClasses(classCounts: readonly number[], definition: TailStart = "reference"): number[] {
  const ranked = classCounts.map((_, label) => label);
  ranked.sort((a, b) => classCounts[b]! - classCounts[a]! || a - b);
  return ranked.slice(tailStart(classCounts.length, definition)).sort((a, b) => a - b);
}
