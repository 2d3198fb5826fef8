// Records what a function makes a GPU do, to be done again without JavaScript in between.
import { ReatError } from "../errors.js";
import { asTensorError } from "./errors.js";
import type { Device } from "./handle.js";
import { native } from "./native.js";
import type { Generator } from "./random.js";

/** Options of `CudaGraph.capture`. */
export interface CaptureOptions {
  /** Generators that `body` draws from: each replay moves them on. LibTorch 2.4 or newer. Default: none. */
  readonly generators?: readonly Generator[];
  /** Runs of `body` before it is recorded, in which libraries choose algorithms and allocate. Default: 3. */
  readonly warmUps?: number;
}

/**
 * A recorded piece of GPU work with its own memory. It reads and writes the tensors of the recording: copy a
 * replay's inputs into them beforehand, and find its results in the tensors that `body` returned.
 */
export class CudaGraph<T> implements Disposable {
  readonly #handle: number;
  #disposed = false;

  private constructor(
    handle: number,
    /** What `body` returned when it was recorded; each replay overwrites its tensors. */
    readonly result: T,
  ) {
    this.#handle = handle;
  }

  /**
   * Records `body`, which may neither read a value back nor depend on one in JavaScript, and whose shapes are fixed. The
   * tensors it returns must be kept (`keep`) by the caller for as long as the graph is used.
   * @throws ReatError `environment` where the addon has no CUDA part; TensorError when something cannot be recorded
   */
  static capture<T>(device: Device, body: () => T, options: CaptureOptions = {}): CudaGraph<T> {
    const { generators = [], warmUps = 3 } = options;
    const addon = native();
    if (!addon.systemInfo().cudaGraphs) {
      throw new ReatError(
        "environment",
        "CUDA graphs need a LibTorch with CUDA and CUDA's headers when the addon is built: set CUDA_HOME to the toolkit, then run `npx reat setup --force`.",
      );
    }
    asTensorError(() => addon.openSideStream(device));
    try {
      for (let run = 0; run < warmUps; run++) body();
      asTensorError(() => addon.beginCapture(generators.map(({ _handle }) => _handle)));
      let result: T;
      try {
        result = body();
      } catch (cause) {
        addon.abandonCapture();
        throw cause;
      }
      return new CudaGraph(
        asTensorError(() => addon.endCapture()),
        result,
      );
    } finally {
      addon.closeSideStream();
    }
  }

  /** Does the recorded work once more. Returns before the device is done. */
  replay(): void {
    asTensorError(() => native().replayGraph(this.#handle));
  }

  /** Frees the graph and its memory. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    native().disposeGraph(this.#handle);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
