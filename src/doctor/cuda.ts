// Whether CUDA can be used, and why not.
import { existsSync, readFileSync } from "node:fs";
import type { DiagnosisRow } from "./row.js";

/** What decides whether a GPU can be used. */
export interface CudaFacts {
  readonly torchVersion: string;
  /** Whether LibTorch is built with CUDA and its GPU library is loaded. */
  readonly hasCuda: boolean;
  readonly deviceCount: number;
  /** Version of the loaded NVIDIA driver, where there is one. */
  readonly driver: string | undefined;
  /** The environment's CUDA_VISIBLE_DEVICES. */
  readonly visibleDevices: string | undefined;
  /** LibTorch's own account of its build. */
  readonly config: string;
}

/** Version of the NVIDIA kernel driver; undefined where none is loaded. */
export function nvidiaDriver(file = "/proc/driver/nvidia/version"): string | undefined {
  if (!existsSync(file)) return undefined;
  return (
    /Module[^\n]*?\s(\d+\.\d+(?:\.\d+)?)\s/.exec(readFileSync(file, "utf8"))?.[1] ?? "of unknown version"
  );
}

/** Never false: without CUDA everything works on the CPU. */
export function cudaRow(facts: CudaFacts): DiagnosisRow {
  const { torchVersion, hasCuda, deviceCount, driver, visibleDevices, config } = facts;
  const name = "CUDA";
  const runtime = /CUDA Runtime (\d+\.\d+)/.exec(config)?.[1];
  if (hasCuda && deviceCount > 0) {
    const devices = deviceCount === 1 ? "1 device" : `${deviceCount} devices`;
    const on = driver === undefined ? "" : `, driver ${driver}`;
    return { name, ok: true, detail: `yes: ${devices}${runtime ? `, CUDA ${runtime}` : ""}${on}` };
  }
  if (!hasCuda) {
    const driverThere = driver === undefined ? "" : `, though the NVIDIA driver ${driver} is loaded`;
    return {
      name,
      ok: null,
      detail: `no: LibTorch ${torchVersion} is built without CUDA${driverThere}`,
      ...(driver === undefined
        ? {}
        : { hint: "`npx reat setup --python <python>` with a Python that has a CUDA build of torch" }),
    };
  }
  if (driver === undefined) {
    return {
      name,
      ok: null,
      detail: "no: LibTorch is built with CUDA, but no NVIDIA driver is loaded",
      hint: "install NVIDIA's driver; in a container, start it with access to the GPU",
    };
  }
  if (visibleDevices !== undefined && !/^\s*(GPU-|MIG-|\d)/.test(visibleDevices)) {
    return {
      name,
      ok: null,
      detail: `no: CUDA_VISIBLE_DEVICES="${visibleDevices}" hides every device`,
      hint: "unset CUDA_VISIBLE_DEVICES",
    };
  }
  return {
    name,
    ok: null,
    detail: `no: LibTorch is built with CUDA${runtime ? ` ${runtime}` : ""} and driver ${driver} is loaded, but no device can be used`,
    hint: "`nvidia-smi` shows the devices; a driver older than this CUDA needs must be updated",
  };
}
