// What a benchmark case is: one work, or two in turns, and the target it is held to.
import type { SideProgram } from "./side.js";
import type { Repetition, Switches, Work } from "./work.js";

/** What the issue of a faster reat asks for. */
export interface Target {
  readonly text: string;
  /** Of the case's `measured` number: at least or at most this. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A side of a case. */
export interface CaseSide {
  /** Column in the table: "reat", "PyTorch", "without the lever". */
  readonly label: string;
  /** "pytorch" is skipped where there is no Python with torch. */
  readonly runs: "reat" | "pytorch";
  readonly work: Work;
  /** Levers of this side; those left out are on. */
  readonly levers?: Switches;
  /** Environment variables of this side's process. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface BenchCase {
  readonly name: string;
  /** One line for `--list` and the page. */
  readonly about: string;
  /** The thing measured. */
  readonly ours: CaseSide;
  /** What it is compared with, in turns. */
  readonly baseline?: CaseSide;
  /** False where the two do different work, so that the ratio of their durations says nothing. Default: true. */
  readonly compares?: boolean;
  /**
   * The numbers that targets and page speak of, from the repetitions; by default "ratio", baseline over ours.
   * Empty where durations are all there is to say.
   */
  readonly numbers?: (ours: readonly Repetition[], baseline: readonly Repetition[]) => Record<string, number>;
  readonly targets?: Readonly<Record<string, Target>>;
  readonly threads?: number;
  /** Repetitions before the measured ones. Default: 1. */
  readonly warmUp?: number;
  /** Measured repetitions at most, where one takes long. */
  readonly mostRepeats?: number;
  /** Measure the processes' peak memory, in fresh processes. */
  readonly memory?: boolean;
  /** Makes the files that the sides read; called before they start. */
  readonly prepare?: (onProgress: (text: string) => void) => void | Promise<void>;
  /** What the case needs and how to give it, where it cannot run as things are. */
  readonly lacks?: string;
  /** Where a picture has this case: its picture, line and place on the axis. */
  readonly sweep?: { readonly picture: string; readonly line: string; readonly x: number };
}

export type Program = (side: CaseSide) => SideProgram;
