// What the measurements were made on, and from which commit.
import { totalmem } from "node:os";
import { currentEnvironment } from "reat";
import type { MachineRecord } from "./record.js";

export function machineRecord(): MachineRecord {
  const { revision, reat, node, platform, cpu, cores } = currentEnvironment("cpu");
  return {
    ...{ time: new Date().toISOString(), cpu, cores, memoryBytes: totalmem(), platform, node, reat },
    commit: revision?.commit ?? null,
    modified: revision?.modified ?? false,
  };
}
