// Random number generators with a seed and a state that a checkpoint can hold.

import { asTensorError } from "./errors.js";
import type { Device } from "./handle.js";
import { native } from "./native.js";

/** An independent stream of random numbers on one device (Mersenne Twister on the CPU, Philox on CUDA). */
export class Generator {
  /** @internal */
  readonly _handle: number;

  /** @param seed integer from 0 to 2^53 − 1 */
  constructor(
    readonly seed: number,
    readonly device: Device = "cpu",
  ) {
    this._handle = asTensorError(() => native().createGenerator(device, seed));
    collector.register(this, this._handle);
  }

  /** The complete state as opaque bytes. */
  state(): Uint8Array {
    return asTensorError(() => {
      const state = native().generatorState(this._handle);
      try {
        return new Uint8Array(native().readTensor(state));
      } finally {
        native().dispose(state);
      }
    });
  }

  /** Continues from bytes that `state` returned. @throws TensorError when they are no generator state. */
  restore(state: Uint8Array): void {
    asTensorError(() => {
      const tensor = native().createTensor(state, "uint8", [state.length], "cpu");
      try {
        native().setGeneratorState(this._handle, tensor);
      } finally {
        native().dispose(tensor);
      }
    });
  }

  /** Starts again from `seed`. */
  reseed(seed: number): void {
    asTensorError(() => native().seedGenerator(this._handle, seed));
  }
}

const collector = new FinalizationRegistry<number>((handle) => {
  native().disposeGenerator(handle);
});
