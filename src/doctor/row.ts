// One line of a diagnosis.

/** What was checked, what was found, and what to do about it. */
export interface DiagnosisRow {
  readonly name: string;
  /** true: in order; false: training on the CPU will not work; null: worth knowing, but no obstacle. */
  readonly ok: boolean | null;
  readonly detail: string;
  /** The next thing to try. */
  readonly hint?: string;
}
