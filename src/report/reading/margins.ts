// How far the choice of images alone may have moved an accuracy.
import { type ClassGroup, classGroups } from "../../data/index.js";
import type { AccuracyReport } from "../../evaluation/index.js";

/** 97.5 % of a normal distribution lie below. */
export const z95 = 1.96;

/**
 * Half the width of Wilson's 95 % interval of a share (Wilson, JASA 22, 1927), as a fraction: also of 0 or 1 more than nothing.
 * @param images at least 1
 */
export function wilsonMargin(share: number, images: number): number {
  const z2 = z95 ** 2;
  const inside = (share * (1 - share)) / images + z2 / (4 * images ** 2);
  return (z95 / (1 + z2 / images)) * Math.sqrt(inside);
}

/** The margin of every figure, as a fraction; null where a figure is null, or where the classes of its group are not known. */
export type Margins = Readonly<Record<"all" | ClassGroup | "balanced", number | null>>;

/**
 * 95 % margins of an accuracy and of means over classes. A mean's is made of its classes' by the square root of the sum of
 * their squares (the method of variance estimates recovery, Zou and Donner, Statistics in Medicine 27, 2008).
 * @param trainCounts of all classes, from which head, body and tail follow; undefined if the run does not say
 */
export function marginsOf(
  report: Pick<AccuracyReport, "accuracy" | "total" | "perClass">,
  trainCounts: readonly number[] | undefined,
): Margins {
  const groups = trainCounts && classGroups(trainCounts);
  const ofMean = (belongs: (id: number) => boolean) => {
    const classes = report.perClass.filter(({ total }, id) => total > 0 && belongs(id));
    const squares = classes.map(({ correct, total }) => wilsonMargin(correct / total, total) ** 2);
    return classes.length === 0 ? null : Math.sqrt(squares.reduce((a, b) => a + b, 0)) / classes.length;
  };
  const ofGroup = (name: string) => (groups ? ofMean((id) => groups[id] === name) : null);
  return {
    all: report.total > 0 ? wilsonMargin(report.accuracy, report.total) : null,
    ...{ head: ofGroup("head"), body: ofGroup("body"), tail: ofGroup("tail") },
    balanced: ofMean(() => true),
  };
}
