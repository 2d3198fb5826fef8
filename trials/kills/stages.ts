// The kinds of work that are killed: each is small, and goes on where it was when it is asked for again.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setThreads } from "reat";
import { prepareDataset } from "reat/data";
import { writeReport } from "reat/report";
import {
  auditModel,
  evaluateRun,
  loadConfig,
  resumeExperiment,
  runExperiment,
  writeAudit,
} from "#reat/experiments/index.js";

/** In their order; each builds on those before it. */
export const stages = [
  "data preparation",
  "training",
  "evaluation",
  "AutoAttack",
  "audit",
  "report",
] as const;
export type Stage = (typeof stages)[number];

/** Where everything lies that a trial makes. */
export interface Place {
  /** A folder of images by class, the same for all. */
  readonly images: string;
  /** What the work writes; removed between two rounds. */
  readonly work: string;
}

const runName = "run";

export function runFolder({ work }: Place): string {
  return join(work, "runs", runName);
}

/** Does the whole of a stage, from wherever it is. */
export async function doStage(stage: Stage, place: Place): Promise<void> {
  setThreads(1);
  const run = runFolder(place);
  switch (stage) {
    case "data preparation":
      await prepareDataset(place.images, { cache: join(place.work, "cache") });
      return;
    case "training":
      if (existsSync(join(run, "config.yaml"))) await resumeExperiment(run);
      else await runExperiment(config(place.images), { runsFolder: join(place.work, "runs") });
      return;
    case "evaluation":
      await evaluateRun(run, { attacks: ["pgd-10", "cw-10"], batchSize: 3 });
      return;
    case "AutoAttack":
      await evaluateRun(run, {
        ...{ attacks: ["autoattack:apgd-ce+fab-t"], images: 6, batchSize: 3, checkpoints: ["last"] },
        budget: { epsilon: 1 / 255 },
      });
      return;
    case "audit": {
      const { record, folder, name } = await auditModel(run, { images: 6, queries: 50 });
      await writeAudit(folder!, name, record);
      return;
    }
    case "report":
      await writeReport([run], join(run, "report.html"));
  }
}

function config(images: string) {
  return loadConfig("quickstart-reat", [
    ...[`name=${runName}`, `data.source=${JSON.stringify(images)}`, "data.subset.profile=natural"],
    ...["model.architecture=smallcnn", "method.attack.steps=2", "threads=1"],
    ...["training.epochs=4", "training.batchSize=8", "training.milestones=[3]", "training.logEvery=1"],
    ...["training.select=test", "training.evaluationAttack=pgd-2", "training.evaluationImages=6"],
    ...["training.checkpointEvery={batches: 2}", "training.strongAugmentation=none"],
    ...["evaluation.attacks=[pgd-2]", "evaluation.images=6"],
  ]);
}
