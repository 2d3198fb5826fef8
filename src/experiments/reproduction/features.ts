// The features of a run's adversarial test images, and their map: made once, kept in the run's folder.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { silhouettes } from "../../analysis/index.js";
import type { EvaluationProgress } from "../../evaluation/index.js";
import { scope } from "../../tensor/index.js";
import { decodeSafetensors, restoreTensor } from "../../training/index.js";
import { evaluateRun } from "../measuring/index.js";
import type { PlannedTraining, ReproductionPlan } from "./plan.js";

/** What the features of a run say. */
export interface MappedFeatures {
  /** A place [x, y] for each image. */
  readonly points: readonly (readonly [number, number])[];
  /** Class ids, in the order of the points. */
  readonly labels: readonly number[];
  /** By class id, of the features themselves and not of the map; null for a class without images. */
  readonly silhouettes: readonly (number | null)[];
}

const featuresFile = ({ folder }: PlannedTraining) => join(folder, "features.safetensors");

/** Whether they are there. */
export function hasFeatures(training: PlannedTraining): boolean {
  return existsSync(featuresFile(training));
}

/** Attacks test images with the budget's first attack, PGD-20 in the paper's, and writes what the network sees of them. @throws as `evaluateRun` */
export async function makeFeatures(
  training: PlannedTraining,
  { budget: { checkpoint, mapped, attacks } }: ReproductionPlan,
  overrides: readonly string[],
  watch: { readonly signal?: AbortSignal; readonly onProgress: (progress: EvaluationProgress) => void },
): Promise<void> {
  await evaluateRun(training.folder, {
    ...{ attacks: [attacks?.[0] ?? "pgd-20"], checkpoints: [checkpoint], images: mapped, overrides },
    ...{ saveAdversarial: featuresFile(training), embedding: {} },
    ...(watch.signal && { signal: watch.signal }),
    onProgress: (_, progress) => watch.onProgress(progress),
  });
}

/** @returns null where there are none yet @throws ReatError `data` for a damaged file */
export function readFeatures(training: PlannedTraining, classes: number): MappedFeatures | null {
  if (!hasFeatures(training)) return null;
  const file = featuresFile(training);
  const { tensors } = decodeSafetensors(readFileSync(file), file);
  return scope(() => {
    const found = (prefix: string) =>
      restoreTensor([...tensors].find(([name]) => name.startsWith(prefix))![1]);
    const labels = found("labels").toArray();
    const places = found("embedding.").toArray();
    return {
      labels,
      points: labels.map((_, i) => [places[2 * i]!, places[2 * i + 1]!] as const),
      silhouettes: silhouettes(found("features."), labels, classes),
    };
  });
}
