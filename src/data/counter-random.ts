// Small random streams, each determined by the numbers that name it.

/** Mixes numbers into one 32-bit seed; every part and its place count (MurmurHash3's finaliser after each). */
export function mixSeed(...parts: readonly number[]): number {
  let h = 0x9e3779b9;
  for (const part of parts) {
    h = Math.imul(h ^ (part >>> 0), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15) ^ Math.floor(part / 0x1_0000_0000), 0xc2b2ae35);
    h ^= h >>> 13;
  }
  return h >>> 0;
}

/** Mulberry32: a stream of 2³² outputs from a 32-bit seed. */
export class CounterRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** Uniform 32-bit output. */
  nextUint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + ((high - low) * this.nextUint32()) / 0x1_0000_0000;
  }

  /** Whole number in [0, below). */
  below(below: number): number {
    return Math.floor((this.nextUint32() / 0x1_0000_0000) * below);
  }
}
