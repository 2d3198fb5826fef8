// NumPy's legacy random stream (MT19937 after np.random.seed): the one that defines the field's long-tailed subsets.
import { ReatError } from "../errors.js";

const stateSize = 624;
const stateShift = 397;

/**
 * MT19937 with the plain 32-bit initialisation, as `np.random.seed(seed)` sets it up, and the shuffle of
 * `np.random.shuffle` on a one-dimensional array. Same seed, same stream, bit for bit.
 */
export class MersenneTwister {
  readonly #state = new Uint32Array(stateSize);
  #position = stateSize;

  /**
   * @param seed an integer from 0 to 2³²−1, NumPy's own range
   * @throws ReatError `config` for another number
   */
  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
      throw new ReatError(
        "config",
        `The seed ${seed} is not usable: it must be a whole number from 0 to 4294967295.`,
      );
    }
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < stateSize; i++) {
      const previous = state[i - 1]! ^ (state[i - 1]! >>> 30);
      state[i] = Math.imul(1812433253, previous) + i;
    }
  }

  /** The next raw output, 0 to 2³²−1. */
  nextUint32(): number {
    if (this.#position === stateSize) this.#refill();
    let y = this.#state[this.#position++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** A whole number from 0 to `max`, both included: outputs masked to `max`'s bits, larger ones drawn again. */
  nextInterval(max: number): number {
    if (max === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(max);
    for (;;) {
      const value = (this.nextUint32() & mask) >>> 0;
      if (value <= max) return value;
    }
  }

  /** Shuffles in place from the last element down, and returns the same array. */
  shuffle<T extends Uint32Array | Int32Array | number[]>(values: T): T {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.nextInterval(i);
      const held = values[i]!;
      values[i] = values[j]!;
      values[j] = held;
    }
    return values;
  }

  #refill(): void {
    const state = this.#state;
    for (let i = 0; i < stateSize; i++) {
      const y = (state[i]! & 0x80000000) | (state[(i + 1) % stateSize]! & 0x7fffffff);
      state[i] = state[(i + stateShift) % stateSize]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#position = 0;
  }
}
