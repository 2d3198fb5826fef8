// What a case of the fuzzer is: files that somebody might have, the reader they are given to, and what must come out.
import type { Random } from "../random.js";

/** Contents by path inside the case's folder. */
export type Files = Readonly<Record<string, Uint8Array | string>>;

/** One input. */
export interface Sample {
  readonly files: Files;
  /** What was done to it, for people. */
  readonly what: string;
  /**
   * "same": it means what `reference` means and must be read so. "same-if-read": it may be refused, but what is read must
   * be what `reference` means, because the format protects its contents. "any": it may be read or refused.
   */
  readonly expects: "same" | "same-if-read" | "any";
  /** The files before the mutation; needed for both kinds of "same". */
  readonly reference?: Files;
}

/** A kind of file, with a generator that knows its grammar and the reader under trial. */
export interface Format {
  readonly name: string;
  /** Made once in a process, before the first sample. */
  prepare?(): Promise<void>;
  make(random: Random): Sample | Promise<Sample>;
  /** Reads the files in a folder as a user's command does. @returns what was read, as a text to compare */
  read(folder: string): Promise<string>;
}

/** How a case ended. */
export interface Outcome {
  readonly verdict: "read" | "refused" | "found";
  /** The sentence of a refusal, or what is wrong. */
  readonly message: string;
  /** What kind of wrong: absent unless found. */
  readonly fault?: Fault;
}

export const faults = [
  "no sentence",
  "read wrong",
  "refused though valid",
  "too slow",
  "too much memory",
  "crashed",
  "started a process",
  "ran code",
] as const;
export type Fault = (typeof faults)[number];

/** What one case may cost. */
export interface Limits {
  readonly processorSeconds: number;
  readonly wallSeconds: number;
  readonly bytes: number;
}

/** Unless others are asked for. */
export const limits: Limits = {
  /** Processor time of the reader's process. */
  processorSeconds: 10,
  /** Wall time after which the reader is killed: above the processor's, since others may use the machine. */
  wallSeconds: 180,
  /** Resident memory beyond what the process held before the case. */
  bytes: 2 ** 30,
};
