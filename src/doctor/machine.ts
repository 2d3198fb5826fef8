// What the machine offers: Node, cores, memory, disk.
import { existsSync, readFileSync, statfsSync } from "node:fs";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { isOldNode, oldestNode } from "../../scripts/requirements.mjs";
import type { DiagnosisRow } from "./row.js";

const gibibyte = 2 ** 30;
const inGibibytes = (bytes: number): string => `${(bytes / gibibyte).toFixed(1)} GiB`;

/** @param version as in process.versions.node */
export function nodeRow(version: string): DiagnosisRow {
  const old = isOldNode(version);
  return {
    name: "Node",
    ok: !old,
    detail: `${version} on ${process.platform} ${process.arch}`,
    ...(old ? { hint: `install Node ${oldestNode} or newer` } : {}),
  };
}

/** The share of the cores that a container is limited to, in cores; undefined without a limit. */
export function coreQuota(file = "/sys/fs/cgroup/cpu.max"): number | undefined {
  if (!existsSync(file)) return undefined;
  const [quota, period] = readFileSync(file, "utf8").trim().split(/\s+/).map(Number);
  return quota && period && Number.isFinite(quota) ? quota / period : undefined;
}

export function coresRow(): DiagnosisRow {
  const cores = availableParallelism();
  const quota = coreQuota();
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const limited = quota !== undefined && quota < cores;
  return {
    name: "Cores",
    ok: limited ? null : true,
    detail: `${cores} (${model})${limited ? `, limited to ${quota.toFixed(1)} by the container` : ""}`,
    ...(limited ? { hint: "more threads than the limit allows slow each other down" } : {}),
  };
}

export function memoryRow(): DiagnosisRow {
  const limit = process.constrainedMemory?.() ?? 0;
  const total = limit > 0 && limit < totalmem() ? limit : totalmem();
  const free = Math.min(freemem(), total);
  const enough = free > 2 * gibibyte;
  return {
    name: "Memory",
    ok: enough ? true : null,
    detail: `${inGibibytes(free)} free of ${inGibibytes(total)}`,
    ...(enough ? {} : { hint: "training a ResNet-18 with batches of 128 takes about 2 GiB" }),
  };
}

/** @param folder where runs would be written */
export function diskRow(folder: string): DiagnosisRow {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const enough = free > gibibyte;
  return {
    name: "Disk",
    ok: enough ? true : null,
    detail: `${inGibibytes(free)} free in ${folder}`,
    ...(enough ? {} : { hint: "a run with its checkpoints takes some hundred MiB" }),
  };
}
