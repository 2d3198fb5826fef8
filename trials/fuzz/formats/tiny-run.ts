// A run of a tiny training, made once in a process: what checkpoints, logs and results look like before they are mutated.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setThreads } from "reat";
import { currentEnvironment } from "reat/training";
import { tinyRun, trainTiny } from "../../tiny-training.js";

let made: Map<string, Buffer> | undefined;

/** Trains it. */
export async function prepareTinyRun(): Promise<void> {
  if (made) return;
  setThreads(1);
  const folder = mkdtempSync(join(tmpdir(), "reat-fuzz-run-"));
  try {
    const path = join(folder, "tiny");
    await trainTiny(await tinyRun(path, currentEnvironment("cpu")), { seed: 1, epochs: 2, measured: true });
    const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    made = new Map(
      files.map((entry) => {
        const file = join(entry.parentPath, entry.name);
        return [relative(path, file), readFileSync(file)];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Its files by path. */
export function tinyRunFiles(): ReadonlyMap<string, Buffer> {
  if (!made) throw new Error("the tiny run is not prepared");
  return made;
}
