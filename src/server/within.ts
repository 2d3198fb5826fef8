// Keeps the server inside the runs folder, wherever symbolic links point.
import { readdirSync, realpathSync } from "node:fs";
import { join, sep } from "node:path";

/** What a page of a run reads of its folder. */
const readOfRun = ["config.yaml", "environment.json", "metrics.jsonl", "evaluations", "lock"];

/** Whether a path, its links followed, lies in the folder or is it; false where it does not exist. */
export function liesWithin(root: string, path: string): boolean {
  try {
    const [outer, inner] = [realpathSync(root), realpathSync(path)];
    return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);
  } catch {
    return false;
  }
}

/** The first file of a run that a link takes out of the runs folder; null where there is none. */
export function leavesFolder(root: string, run: string): string | null {
  return liesWithin(root, run) ? linkOut(root, run) : ".";
}

/** The same for a run folder that is known to lie within: following paths costs time with a thousand runs. */
export function linkOut(root: string, run: string): string | null {
  // What is no link lies where its folder does.
  const links = [
    ...linksIn(run, "").filter((name) => readOfRun.includes(name)),
    ...linksIn(run, "evaluations"),
  ];
  return links.find((name) => !liesWithin(root, join(run, name))) ?? null;
}

function linksIn(run: string, folder: string): string[] {
  try {
    return readdirSync(join(run, folder), { withFileTypes: true })
      .filter((entry) => entry.isSymbolicLink())
      .map(({ name }) => join(folder, name));
  } catch {
    return [];
  }
}
