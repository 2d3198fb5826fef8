// Threads, versions and devices of the loaded LibTorch.
import { ReatError } from "../errors.js";
import { asTensorError } from "./errors.js";
import type { Device } from "./handle.js";
import type { SystemInfo } from "./native.js";
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

/**
 * The device to work on. "auto" takes CUDA where a device is usable; a named CUDA device that is not there is an
 * error, never a silent fall back to the CPU.
 * @throws ReatError `environment` naming why CUDA cannot be used
 */
export function resolveDevice(wanted: string): Device {
  if (wanted === "cpu") return "cpu";
  const match = /^(auto|cuda)$|^cuda:(\d+)$/.exec(wanted);
  if (!match) {
    throw new ReatError("config", `device must be auto, cpu, cuda or cuda:N, got "${wanted}"`);
  }
  const { hasCuda, cudaDeviceCount } = systemInfo();
  if (wanted === "auto") return cudaDeviceCount > 0 ? "cuda:0" : "cpu";
  if (!hasCuda) {
    throw new ReatError(
      "environment",
      `device ${wanted} was asked for, but this LibTorch is built without CUDA`,
    );
  }
  const index = Number(match[2] ?? 0);
  if (index >= cudaDeviceCount) {
    throw new ReatError(
      "environment",
      `device ${wanted} was asked for, but ${cudaDeviceCount} CUDA devices were found`,
    );
  }
  return `cuda:${index}`;
}
