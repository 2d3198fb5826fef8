// What a long attack reports while it works: how far it is, and what looked wrong.

/** How far an attack is with the images it was given. */
export interface AttackProgress {
  readonly attack: string;
  /** Passes done and planned, over all restarts and targets; attacks may end early. */
  readonly done: number;
  readonly total: number;
  /** Images not yet fooled. */
  readonly standing: number;
}

/** Signs that a robustness figure may be too high; each has a section in docs/warnings.md. */
export const warningNames = [
  "zero-gradient",
  "randomised-output",
  "probabilities-not-logits",
  "optimisation-at-inference",
  "too-few-classes",
  "square-stronger",
  "unusual-ensemble",
  "verification-mismatch",
] as const;
/** The stable name of a warning, see docs/warnings.md. */
export type WarningName = (typeof warningNames)[number];

/** A warning as it is stored beside the result. */
export interface AttackWarning {
  readonly name: WarningName;
  /** One sentence with the figures that raised it. */
  readonly message: string;
}

/** Callbacks of an attack; both are called while it runs and must be quick. */
export interface AttackObserver {
  progress?(progress: AttackProgress): void;
  warning?(warning: AttackWarning): void;
  /** Examples that were found through a model's fast logits and that its plain logits do not confirm. */
  unconfirmed?(count: number): void;
}
