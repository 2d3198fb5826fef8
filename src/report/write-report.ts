// Writes the report of run folders to a file.
import { dirname } from "node:path";
import { makeFolder, writeDurably } from "../durable-file.js";
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
  makeFolder(dirname(outFile));
  await writeDurably(outFile, text, { shared: true });
  return records;
}
