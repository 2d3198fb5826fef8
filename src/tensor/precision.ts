// How exactly float32 is computed, and autocast to a shorter type.
import { asTensorError } from "./errors.js";
import type { Device } from "./handle.js";
import { native } from "./native.js";

/** Types that `autocast` computes in. */
export type ShortType = "bfloat16" | "float16";

/**
 * Whether matrix products and convolutions of float32 tensors may run in TF32 on CUDA ("high": 10 bits of mantissa in
 * the factors, sums in float32) or not ("highest"). It holds for the process. LibTorch's own default lets convolutions.
 */
export function setFloat32Precision(precision: "highest" | "high"): void {
  asTensorError(() => native().setFloat32Precision(precision));
}

/** Options of `autocast`. */
export interface AutocastOptions {
  /** Default: "bfloat16". */
  readonly dtype?: ShortType;
  /**
   * Keep the converted weights until the outermost `autocast` ends. Off while a CUDA graph is captured, and wherever
   * weights are changed in place inside. Default: true.
   */
  readonly cache?: boolean;
}

/**
 * Runs `body` with convolutions and matrix products in a shorter type and what needs the range in float32, as LibTorch's
 * lists for the device say. Gradients follow; the weights stay float32.
 */
export function autocast<T>(device: Device, body: () => T, options: AutocastOptions = {}): T {
  const { dtype = "bfloat16", cache = true } = options;
  asTensorError(() => native().pushAutocast(device, dtype, true, cache));
  try {
    return body();
  } finally {
    native().popAutocast();
  }
}

/** Runs `body` outside of any `autocast` of the device. */
export function withoutAutocast<T>(device: Device, body: () => T): T {
  asTensorError(() => native().pushAutocast(device, "bfloat16", false, true));
  try {
    return body();
  } finally {
    native().popAutocast();
  }
}
