// What the measurements were made on, and from which commit.
import { totalmem } from "node:os";
import { systemInfo } from "reat/tensor";
import { currentEnvironment } from "reat/training";
import { blasRow, mappedLibraries } from "#reat/doctor/libraries.js";
import type { MachineRecord } from "./record.js";

export function machineRecord(): MachineRecord {
  const { revision, reat, node, platform, cpu, cores } = currentEnvironment("cpu");
  return {
    ...{ time: new Date().toISOString(), cpu, cores, memoryBytes: totalmem(), platform, node, reat },
    blas: blasRow(mappedLibraries(), systemInfo().config).detail,
    commit: revision?.commit ?? null,
    modified: revision?.modified ?? false,
  };
}
