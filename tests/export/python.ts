// A Python with torch, where there is one: what is for it alone is skipped elsewhere, with a word.
import { spawnSync } from "node:child_process";

function findTorch(): string | null {
  for (const python of [process.env.REAT_PYTHON, "python3"]) {
    if (!python) continue;
    const found = spawnSync(python, ["-c", "import torch"], { timeout: 60_000 });
    if (found.status === 0) return python;
  }
  console.warn("skipped: neither REAT_PYTHON nor python3 has torch, so no exported module is run by it");
  return null;
}

export const pythonWithTorch = findTorch();
