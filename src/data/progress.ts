// What long work on data reports while it runs.

/** `done` of `total` (undefined where it cannot be known beforehand) `unit`s. */
export interface ProgressReport {
  readonly stage: "read" | "decode" | "write" | "download" | "verify";
  readonly done: number;
  readonly total: number | undefined;
  readonly unit: "files" | "images" | "bytes";
  /** Since the work began; filled in by {@link timed}. */
  readonly seconds?: number;
  /** Units per second. */
  readonly rate?: number;
}

/** Called with how far a long piece of work is. */
export type Progress = (report: ProgressReport) => void;

/** Adds seconds and rate to every report, counted from now. */
export function timed(progress: Progress | undefined): Progress | undefined {
  if (!progress) return undefined;
  const start = performance.now();
  return (report) => {
    const seconds = (performance.now() - start) / 1000;
    progress({ ...report, seconds, rate: seconds > 0 ? report.done / seconds : 0 });
  };
}
