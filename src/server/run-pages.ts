// The page of one run or several side by side, drawn by the report's own code.
import { ReatError } from "../errors.js";
import { readRun, reportSections } from "../report/index.js";
import type { RunPage } from "./messages.js";
import type { RunsWatch } from "./watch-runs.js";
import { leavesFolder } from "./within.js";

/** So many runs are told apart by their colours. */
export const mostCompared = 8;

/** @throws ReatError `usage` naming a run that is not there, `data` as reading one does */
export async function runPage(watch: RunsWatch, ids: readonly string[]): Promise<RunPage> {
  if (ids.length === 0 || ids.length > mostCompared) {
    throw new ReatError("usage", `Between one run and ${mostCompared} are shown together.`);
  }
  const runs = ids.map((id) => {
    const run = watch.run(id);
    if (!run) throw new ReatError("usage", `There is no run ${id} any more.`);
    const outside = leavesFolder(watch.root, run.folder);
    if (outside !== null) {
      throw new ReatError("data", `${id} is not read: ${outside} leads out of the runs folder.`);
    }
    return run;
  });
  const records = await Promise.all(runs.map(({ folder }) => readRun(folder)));
  const steps = runs.length === 1 ? runs[0]!.steps : [];
  return {
    title: runs.length === 1 ? records[0]!.name : records.map(({ name }) => name).join(", "),
    sections: reportSections(records, steps).map(({ id, title, markup }) => ({
      id,
      title,
      markup: markup.text,
    })),
  };
}
