// The machine and the commit of a measurement.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { systemInfo } from "reat/tensor";
import { currentEnvironment } from "reat/training";
import { blasRow, mappedLibraries } from "#reat/doctor/libraries.js";
import { tileProcessor } from "#reat/nn/fast/tile-convolution.js";
import type { MachineRecord } from "./record.js";

export function machineRecord(): MachineRecord {
  const { revision, reat, node, platform, cpu, cores } = currentEnvironment("cpu");
  return {
    ...{
      time: new Date().toISOString(),
      cpu,
      processor: processor(),
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

/** Such as "family 25, model 1, AVX2": cloud machines of very different processors have one name. */
function processor(): string {
  const text = readFileSync("/proc/cpuinfo", "utf8");
  const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, "m").exec(text)?.[1];
  const [family, model] = [field("cpu family"), field("model")];
  const instructions = { avx512: "AVX-512", avx2: "AVX2", "": "no AVX2" }[tileProcessor()];
  return [...(family && model ? [`family ${family}, model ${model}`] : []), instructions].join(", ");
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
