// Accuracy from counts: overall, per class, per group of classes, balanced.
import { z } from "zod";
import type { ClassGroup } from "../data/index.js";
import { ReatError } from "../errors.js";

/** Correct answers among the images of one class; `accuracy` is `null` where there are none. */
export interface ClassAccuracy {
  readonly total: number;
  readonly correct: number;
  readonly accuracy: number | null;
}

/** Fractions are from 0 to 1. */
export interface AccuracyReport {
  readonly total: number;
  readonly correct: number;
  readonly accuracy: number;
  /** By class id. */
  readonly perClass: readonly ClassAccuracy[];
  /** Mean of the accuracies of the group's classes; `null` where no class of the group has an image. */
  readonly groups: Readonly<Record<ClassGroup, number | null>>;
  /** Mean of the accuracies of all classes that have images. */
  readonly balanced: number;
  /** How often each class was predicted. */
  readonly predicted: readonly number[];
}

/** @internal A share of images, from 0 to 1. */
export const fractionSchema = z.number().min(0).max(1);
const share = fractionSchema.nullable();

/** What files hold of an `AccuracyReport`; its accuracies must follow from its counts. */
export const accuracyReportSchema = z
  .object({
    total: z.int().min(0),
    correct: z.int().min(0),
    accuracy: fractionSchema,
    perClass: z.array(z.object({ total: z.int().min(0), correct: z.int().min(0), accuracy: share })),
    groups: z.object({ head: share, body: share, tail: share }),
    balanced: fractionSchema,
    predicted: z.array(z.int().min(0)),
  })
  .superRefine((report, context) => {
    const message = reportContradiction(report);
    if (message !== null) context.addIssue({ code: "custom", message, input: report });
  }) satisfies z.ZodType<AccuracyReport>;

/**
 * @param confusion confusion[y][k] = images of class y that were predicted as class k; square, whole numbers ≥ 0
 * @param groups the group of each class, as `classGroups` of the training set's counts gives them
 * @throws ReatError `data` where sizes disagree or there is no image
 */
export function accuracyReport(
  confusion: readonly (readonly number[])[],
  groups: readonly ClassGroup[],
): AccuracyReport {
  const classes = confusion.length;
  if (groups.length !== classes || confusion.some((row) => row.length !== classes)) {
    throw new ReatError(
      "data",
      `A confusion matrix of ${classes}×${confusion[0]?.length ?? 0} classes came with groups for ${groups.length} classes; both must be of the same classes.`,
    );
  }
  const perClass = confusion.map((row, label) => {
    const total = sum(row);
    return { total, correct: row[label]!, accuracy: total > 0 ? row[label]! / total : null };
  });
  const total = sum(perClass.map((entry) => entry.total));
  if (total === 0) throw new ReatError("data", "There is no image to measure accuracy on.");
  const correct = sum(perClass.map((entry) => entry.correct));
  const meanOf = (wanted?: ClassGroup) =>
    mean(
      perClass.flatMap(({ accuracy }, label) =>
        accuracy === null || (wanted && groups[label] !== wanted) ? [] : [accuracy],
      ),
    );
  return {
    total,
    correct,
    accuracy: correct / total,
    perClass,
    groups: { head: meanOf("head"), body: meanOf("body"), tail: meanOf("tail") },
    balanced: meanOf()!,
    predicted: confusion.map((_, label) => sum(confusion.map((row) => row[label]!))),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : sum(values) / values.length;
}

/** Whether two fractions differ by rounding alone. */
export function sameFraction(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9;
}

/**
 * The first figure of a report that does not follow from its counts, in words; null where all do. A group's classes are not in the
 * report, so its mean is only held to lie between those of its classes.
 */
function reportContradiction(report: AccuracyReport): string | null {
  const { total, correct, accuracy, perClass, groups, balanced, predicted } = report;
  const totals = {
    total: sum(perClass.map((entry) => entry.total)),
    correct: sum(perClass.map((entry) => entry.correct)),
  };
  if (total !== totals.total) return `total is ${total}, and its classes have ${totals.total}`;
  if (correct !== totals.correct) return `correct is ${correct}, and its classes have ${totals.correct}`;
  if (total === 0) return "it counts no image";
  for (const [id, { total: images, correct: right, accuracy: told }] of perClass.entries()) {
    const follows =
      images > 0 ? told !== null && sameFraction(told, right / images) : told === null && right === 0;
    if (right > images || right < 0 || !follows) {
      return `class ${id} has ${right} of ${images} images right and an accuracy of ${told}`;
    }
  }
  if (!sameFraction(accuracy, correct / total)) {
    return `accuracy is ${accuracy}, and ${correct} of ${total} images are right`;
  }
  const known = perClass.flatMap((entry) => entry.accuracy ?? []);
  if (!sameFraction(balanced, mean(known)!)) {
    return `balanced is ${balanced}, and the mean over its classes ${mean(known)}`;
  }
  const [least, most] = [Math.min(...known), Math.max(...known)];
  for (const [name, told] of Object.entries(groups)) {
    if (told !== null && (told < least - 1e-9 || told > most + 1e-9)) {
      return `groups.${name} is ${told}, and its classes lie from ${least} to ${most}`;
    }
  }
  return predicted.length === perClass.length && sum(predicted) === total
    ? null
    : `predicted counts ${sum(predicted)} of ${total} images in ${predicted.length} of ${perClass.length} classes`;
}
