// Writes the report of run folders to a file.
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { ReatError } from "../errors.js";
import { type RunRecord, readRun } from "./reading/index.js";
import { renderReport } from "./render-report.js";

/**
 * Reads the run folders and writes one self-contained page about them; an earlier one is replaced whole.
 * @returns what was read
 * @throws ReatError `usage` without a folder, `data` as {@link readRun} does, `disk` where the page cannot be written.
 */
export async function writeReport(folders: readonly string[], outFile: string): Promise<RunRecord[]> {
  if (folders.length === 0)
    throw new ReatError("usage", "A report needs at least one run folder, but none was given.");
  const records = await Promise.all(folders.map(readRun));
  const text = renderReport(records);
  const part = `${outFile}.part`;
  try {
    await mkdir(dirname(outFile), { recursive: true });
    await writeFile(part, text);
    await rename(part, outFile);
  } catch (error) {
    await rm(part, { force: true }).catch(() => {});
    throw new ReatError("disk", `The report cannot be written to ${outFile}: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  return records;
}
