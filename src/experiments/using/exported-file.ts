// Finds the weights of an export, which say themselves what they are.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { readWeightsFile } from "../../weights/index.js";
import { ownDescription } from "../own-export.js";

/** Files of an exported folder that can be opened again, the first one first. */
export const exportedFiles = ["model.safetensors", "model.pt"] as const;

/** The file to read where a place may be an export; null where it is a run or nothing. */
export function exportedFile(place: string): string | null {
  const stats = statSync(place, { throwIfNoEntry: false });
  if (stats?.isDirectory()) {
    if (existsSync(join(place, "config.yaml"))) return null;
    return exportedFiles.map((name) => join(place, name)).find((file) => existsSync(file)) ?? null;
  }
  // A checkpoint of a run is found by its run.
  if (!stats || /[/\\]checkpoints[/\\](last|best)\.safetensors$/.test(place)) return null;
  return /\.(pt|pth|safetensors)$/.test(place) ? place : null;
}

/**
 * The weights of an export at a place, so that nobody need say which network they are of.
 * @returns null for a run, weights from elsewhere, or nothing
 * @throws ReatError `checkpoint` for a damaged file
 */
export async function ownExport(place: string): Promise<string | null> {
  const file = exportedFile(place);
  return file !== null && ownDescription(await readWeightsFile(file)) !== null ? file : null;
}
