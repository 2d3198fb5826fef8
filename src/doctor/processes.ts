// Through what several processes exchange tensors.
import type { DiagnosisRow } from "./row.js";

/** @param backends as `ProcessGroup.backends()`. Never false: one process works without. */
export function processesRow(backends: readonly string[], hasCuda: boolean): DiagnosisRow {
  const name = "Several processes";
  if (backends.length === 0) {
    return { name, ok: null, detail: "no: this LibTorch was built without process groups over Gloo" };
  }
  const detail = `work together over ${backends.join(" and ")}`;
  if (!hasCuda || backends.includes("NCCL")) return { name, ok: true, detail };
  return {
    name,
    ok: null,
    detail: `${detail}, which carries tensors of GPUs through the CPUs' memory`,
    hint: "`npx reat setup --force` adds NCCL where it finds the headers of NCCL, CUDA, cuBLAS, cuSPARSE and cuSOLVER: beside a Python's torch, in CUDA_HOME or in /usr",
  };
}
