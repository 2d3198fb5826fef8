// A run finds its data from any folder, and says where it looked where the data has gone.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { evaluateRun, loadConfig, resumeExperiment, runExperiment } from "../../src/experiments/index.js";
import { TinyExperiments } from "./tiny-experiment.js";

const place = new TinyExperiments();
afterAll(() => place.dispose());

describe("data at a relative path", () => {
  it("is found again by a run that is continued from another folder", async () => {
    const here = relative(process.cwd(), place.data);
    const { run } = await runExperiment(
      loadConfig("quickstart-pgd-at", [
        `data.source=${here}`,
        ...["data.subset.profile=natural", "model.architecture=smallcnn", "training.epochs=1"],
        ...["training.milestones=[]", "training.evaluationImages=10", "training.evaluationAttack=pgd-1"],
        ...["training.strongAugmentation=none", "evaluation.attacks=[pgd-1]", "evaluation.images=10"],
        ...["method.attack.steps=1", "threads=1", "name=relative"],
      ]),
      { runsFolder: join(place.folder, "runs") },
    );
    expect(readFileSync(run.configFile, "utf8")).toContain(`source: ${place.data}\n`);

    // A run from before the full path was kept.
    const old = readFileSync(run.configFile, "utf8").replace(place.data, "somewhere/tiny.reatpack");
    writeFileSync(run.configFile, old);
    const missing = new RegExp(
      "^The data of the run relative was in somewhere/tiny\\.reatpack, seen from the folder that it was begun in, " +
        "and there is no such thing in /.*: --data <path> gives its place\\.$",
    );
    await expect(resumeExperiment(run.path)).rejects.toThrow(missing);
    await expect(evaluateRun(run.path)).rejects.toThrow(missing);
    // Nothing but the place may have changed.
    const elsewhere = join(place.folder, "elsewhere", "tiny.reatpack");
    mkdirSync(dirname(elsewhere));
    renameSync(place.data, elsewhere);
    const { results } = await resumeExperiment(run.path, [`data.source=${elsewhere}`]);
    expect(results).toMatchObject([{ run: "relative", epoch: 1 }]);
    expect(readFileSync(run.configFile, "utf8")).toContain(`source: ${elsewhere}\n`);

    renameSync(elsewhere, place.data);
    await expect(resumeExperiment(run.path)).rejects.toThrow(
      `The data of the run relative was in ${elsewhere}, and nothing is there now: --data <path> gives its place.`,
    );
  });
});
