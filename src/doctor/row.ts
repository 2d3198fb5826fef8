// One line of a diagnosis.

/** What was looked at, what was found, and what to do about it. */
export interface DiagnosisRow {
  readonly name: string;
  /** true: as it should be; false: training on the CPU will not work; null: worth knowing, stops nothing. */
  readonly ok: boolean | null;
  readonly detail: string;
  /** The next thing to try. */
  readonly hint?: string;
}
