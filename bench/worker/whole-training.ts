// Trainings of a preset from seed to last epoch, as `reat train` runs them.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, runExperiment } from "reat/experiments";
import type { WholeTrainingWork } from "../work.js";
import type { Run } from "./run.js";

export function prepareWholeTraining({ preset, source, epochs, seeds, images }: WholeTrainingWork): Run {
  return async () => {
    const runsFolder = mkdtempSync(join(tmpdir(), "reat-bench-"));
    const values: Record<string, number> = {};
    try {
      for (const seed of seeds) {
        const config = loadConfig(preset, [
          ...[`name=seed-${seed}`, `data.source=${source}`, `training.epochs=${epochs}`],
          ...["initialisation", "order", "attack"].map((name, i) => `seeds.${name}=${100 * seed + i}`),
          ...[
            `training.evaluateEvery=${epochs}`,
            "evaluation.attacks=[pgd-20]",
            `evaluation.images=${images}`,
          ],
        ]);
        const { results } = await runExperiment(config, { runsFolder });
        const { clean, robust } = results.find(({ checkpoint }) => checkpoint === "last")!;
        values[`clean ${seed}`] = 100 * clean.accuracy;
        values[`pgd-20 ${seed}`] = 100 * robust.accuracy;
      }
    } finally {
      rmSync(runsFolder, { recursive: true });
    }
    return values;
  };
}
