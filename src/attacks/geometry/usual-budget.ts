// The budgets that the field attacks with, used wherever none is given and left unsaid in the names of results.
import type { BallName } from "./ball.js";

/** A radius, and the step that PGD takes with it. */
export interface UsualBudget {
  /** Pixels are in [0, 1]. */
  readonly epsilon: number;
  /** Null in a norm in which no attack takes steps of a fixed length. */
  readonly stepSize: number | null;
}

/**
 * 8/255 in steps of 2/255 for l∞ (Madry et al. 2018), 12 for l1 (Croce and Hein 2021).
 * NOTE(paper): the l2 digits of the paper's table 12 are not legible in the text; 1 in steps of 0.2 is the project's choice.
 */
export const usualBudgets = {
  linf: { epsilon: 8 / 255, stepSize: 2 / 255 },
  l2: { epsilon: 1, stepSize: 0.2 },
  l1: { epsilon: 12, stepSize: null },
} as const satisfies Readonly<Record<BallName, UsualBudget>>;
