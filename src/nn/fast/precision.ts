// How exactly networks compute on a GPU. On a CPU it is always float32.

import { ReatError } from "../../errors.js";
import {
  autocast,
  type Device,
  type MemoryFormat,
  setFloat32Precision,
  type Tensor,
} from "../../tensor/index.js";

/**
 * "float32": exactly so; "tf32": convolutions and products multiply with 10 bits of mantissa and add in float32 (NVIDIA
 * Ampere or newer); "bfloat16": feature maps and convolutions have 8 bits of mantissa, sums, normalisation, weights, features,
 * logits, losses and the optimiser stay float32.
 */
export const precisions = ["float32", "tf32", "bfloat16"] as const;
/** How numbers are rounded while a network computes. */
export type Precision = (typeof precisions)[number];

let current: Precision = "float32";

/** The precision as it is; at first float32. */
export function currentPrecision(): Precision {
  return current;
}

/**
 * Sets how networks on a GPU compute, for the whole process; no network may be in mode "frozen" or "fast" meanwhile.
 * @param device what the networks are on
 * @returns sets it back when it is disposed
 * @throws ReatError `config` for another precision than float32 on a CPU
 */
export function setPrecision(wanted: Precision, device: Device): Disposable {
  if (device === "cpu") {
    if (wanted === "float32") return { [Symbol.dispose]: () => {} };
    throw new ReatError(
      "config",
      `precision ${wanted} needs a CUDA device, and this is the CPU, which computes in float32: leave precision at auto, or name float32.`,
    );
  }
  const before = current;
  const enter = (precision: Precision) => {
    current = precision;
    // LibTorch's own default lets convolutions of float32 use TF32: here it is named.
    setFloat32Precision(precision === "tf32" ? "high" : "highest");
  };
  enter(wanted);
  return { [Symbol.dispose]: () => enter(before) };
}

/** Runs the part of a network that may be short of float32: images in, features out in the images' dtype. */
export function inPrecision(images: Tensor, body: (images: Tensor) => Tensor): Tensor {
  const { device } = images;
  if (current !== "bfloat16" || device === "cpu" || images.dtype !== "float32") return body(images);
  // What autocast would keep from call to call would be stale after the optimiser's step.
  return autocast(device, () => body(images.to("bfloat16")), { cache: false }).to("float32");
}

/** Feature maps [N, C, H, W] to their means [N, C], which are sums: float32 at least. */
export function pooled(maps: Tensor): Tensor {
  return (maps.dtype === "bfloat16" ? maps.to("float32") : maps).mean([2, 3]);
}

/**
 * Images in the memory layout that the feature maps made from them shall have: a GPU's matrix units read the channels of a pixel side by side.
 * @param otherwise the layout elsewhere; null leaves the images as they are
 */
export function inMapLayout(images: Tensor, otherwise: MemoryFormat | null): Tensor {
  const format = images.device !== "cpu" && current !== "float32" ? "channelsLast" : otherwise;
  return format === null ? images : images.contiguous(format);
}
