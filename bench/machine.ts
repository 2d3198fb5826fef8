// The machine and the commit of a measurement.
import { spawnSync } from "node:child_process";
import { totalmem } from "node:os";
import { systemInfo } from "reat/tensor";
import { currentEnvironment } from "reat/training";
import { blasRow, mappedLibraries } from "#reat/doctor/libraries.js";
import type { MachineRecord } from "./record.js";

export function machineRecord(): MachineRecord {
  const { revision, reat, node, platform, cpu, cores } = currentEnvironment("cpu");
  return {
    ...{
      time: new Date().toISOString(),
      cpu,
      cores,
      gpus: gpus(),
      memoryBytes: totalmem(),
      platform,
      node,
      reat,
    },
    blas: blasRow(mappedLibraries(), systemInfo().config).detail,
    commit: revision?.commit ?? null,
    modified: revision?.modified ?? false,
  };
}

/** Name and driver of each GPU, from nvidia-smi. */
function gpus(): string[] {
  if (systemInfo().cudaDeviceCount === 0) return [];
  const query = ["--query-gpu=name,driver_version", "--format=csv,noheader"];
  const { status, stdout } = spawnSync("nvidia-smi", query, { encoding: "utf8" });
  const lines = status === 0 ? stdout.trim().split("\n") : [];
  return lines.length > 0
    ? lines.map((line) => line.replace(", ", ", driver "))
    : [`${systemInfo().cudaDeviceCount} × CUDA device of unknown name`];
}
