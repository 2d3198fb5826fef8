// Threads, versions and devices of the loaded LibTorch.
import { ReatError } from "../errors.js";
import { asTensorError } from "./errors.js";
import type { Device } from "./handle.js";
import type { DeviceMemory, LargeBlocks, SystemInfo } from "./native.js";
import { native } from "./native.js";

/** LibTorch's version, build, threads and CUDA. @throws ReatError `environment` when the addon cannot be loaded */
export function systemInfo(): SystemInfo {
  return native().systemInfo();
}

/** Threads that operators use on the CPU. Default: all cores. */
export function threads(): number {
  return native().threads();
}

/** @param count integer from 1 to 1024 */
export function setThreads(count: number): void {
  asTensorError(() => native().setThreads(count));
}

/** Waits until a device has done all that it was given; on the CPU everything is done already. */
export function synchronize(device: Device): void {
  asTensorError(() => native().synchronize(device));
}

/** What large tensors on the CPU hold of memory, and what is kept of freed ones. */
export function largeBlocks(): LargeBlocks {
  return native().largeBlocks();
}

/** A GPU's memory. @throws TensorError for the CPU, and where the addon was built without CUDA's headers */
export function deviceMemory(device: Device): DeviceMemory {
  return asTensorError(() => native().deviceMemory(device));
}

/**
 * The device to work on. "auto" takes CUDA where a device is usable; a named CUDA device that is not there is an
 * error, never a silent fall back to the CPU.
 * @param info of the loaded LibTorch
 * @throws ReatError `environment` naming why CUDA cannot be used
 */
export function resolveDevice(wanted: string, info?: CudaFacts): Device {
  if (wanted === "cpu") return "cpu";
  const match = /^(auto|cuda)$|^cuda:(\d+)$/.exec(wanted);
  if (!match) {
    throw new ReatError("config", `device must be auto, cpu, cuda or cuda:N, got "${wanted}".`);
  }
  const { hasCuda, cudaDeviceCount: count, cudaProblem } = info ?? systemInfo();
  if (wanted === "auto") return count > 0 ? "cuda:0" : "cpu";
  const index = Number(match[2] ?? 0);
  if (hasCuda && index < count) return `cuda:${index}`;
  const names = Array.from({ length: count }, (_, n) => `cuda:${n}`).join(", ");
  const why = !hasCuda
    ? "this LibTorch is built without CUDA; `npx reat setup --python <python>` takes the PyTorch of a Python that has it"
    : count > 0
      ? `there ${count === 1 ? "is 1 CUDA device" : `are ${count} CUDA devices`}: ${names}`
      : `no CUDA device can be used${cudaProblem ? ` (${cudaProblem.replace(/\.$/, "")})` : ""}; \`npx reat doctor\` tells more`;
  throw new ReatError("environment", `device ${wanted} was asked for, but ${why}.`);
}

type CudaFacts = Pick<SystemInfo, "hasCuda" | "cudaDeviceCount" | "cudaProblem">;
