// Whether memory stayed flat: what was held in the last quarter of the rounds beside the second quarter.

/** What the process held after a round. */
export interface MemorySample {
  readonly round: number;
  readonly liveTensors: number;
  /** Of large tensors. */
  readonly inUseBytes: number;
  /** Of freed large tensors, kept for the next. */
  readonly keptBytes: number;
  readonly residentBytes: number;
  /** Of JavaScript's own heap. */
  readonly heapBytes: number;
  /** That JavaScript's objects hold outside of its heap. */
  readonly externalBytes: number;
}

/** One quantity, early and late. */
export interface Growth {
  readonly what: Exclude<keyof MemorySample, "round">;
  /** Median of the second quarter of the samples: the first one is the warming up. */
  readonly early: number;
  /** Median of the last quarter. */
  readonly late: number;
  readonly flat: boolean;
}

const mebibyte = 2 ** 20;

/** What may be held more late than early. Counts are exact; what a collector or the system frees when it likes is not. */
const allowances: Readonly<Record<Growth["what"], number>> = {
  liveTensors: 0,
  inUseBytes: 0,
  keptBytes: 0,
  residentBytes: 16 * mebibyte,
  heapBytes: 8 * mebibyte,
  externalBytes: 8 * mebibyte,
};

/** @throws Error for fewer than 8 samples */
export function growthOf(samples: readonly MemorySample[]): Growth[] {
  if (samples.length < 8) throw new Error(`growth needs 8 samples, got ${samples.length}`);
  const quarter = Math.floor(samples.length / 4);
  const [second, last] = [samples.slice(quarter, 2 * quarter), samples.slice(-quarter)];
  return (Object.keys(allowances) as Growth["what"][]).map((what) => {
    const [early, late] = [second, last].map((part) => median(part.map((sample) => sample[what]))) as [
      number,
      number,
    ];
    return { what, early, late, flat: late - early <= allowances[what] };
  });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
