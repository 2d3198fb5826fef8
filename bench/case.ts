// A benchmark case: one piece of work, or two that are timed in turns, and the target for the result.
import type { SideProgram } from "./side.js";
import type { Repetition, Switches, Work } from "./work.js";

/** What a case should reach. */
export interface Target {
  readonly text: string;
  /** The limit of the case's `measured` number, which is to be at least or at most this. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One of the two sides of a case. */
export interface CaseSide {
  /** Column in the table: "reat", "PyTorch", "without the lever". */
  readonly label: string;
  /** "pytorch" is skipped where there is no Python with torch. */
  readonly runs: "reat" | "pytorch";
  readonly work: Work;
  /** Levers that are switched on this side; all others are on. */
  readonly levers?: Switches;
  /** Environment variables of this side's process. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface BenchCase {
  readonly name: string;
  /** One line for `--list` and the page. */
  readonly about: string;
  /** What is measured. */
  readonly ours: CaseSide;
  /** What it is compared with; both are timed in turns. */
  readonly baseline?: CaseSide;
  /** False where the two do different work, so that the ratio of their durations says nothing. Default: true. */
  readonly compares?: boolean;
  /**
   * Computes from the repetitions the numbers that targets and the page use; by default "ratio", baseline over ours.
   * Empty if the durations are enough.
   */
  readonly numbers?: (ours: readonly Repetition[], baseline: readonly Repetition[]) => Record<string, number>;
  readonly targets?: Readonly<Record<string, Target>>;
  readonly threads?: number;
  /** Repetitions before the measured ones. Default: 1. */
  readonly warmUp?: number;
  /** The most repetitions that are measured, for cases that take long. */
  readonly mostRepeats?: number;
  /** Also measure peak memory, in new processes. */
  readonly memory?: boolean;
  /** Makes the files that the sides read; called before they start. */
  readonly prepare?: (onProgress: (text: string) => void) => void | Promise<void>;
  /** If the case cannot run here: what it needs, and how to provide it. */
  readonly lacks?: string;
  /** The case's point in a picture: which picture, which line, and where on the axis. */
  readonly sweep?: { readonly picture: string; readonly line: string; readonly x: number };
}

export type Program = (side: CaseSide) => SideProgram;
