// From the configuration's `data` to splits on a device: data set, validation aside, long-tailed subset.
import {
  type ClassGroup,
  classGroups,
  type DeviceSplit,
  drawSubset,
  type ImageDataset,
  type ImageSplit,
  indicesByClass,
  loadDataset,
  type Progress,
  type Subset,
  selectImages,
  uploadSplit,
} from "../data/index.js";
import { ReatError } from "../errors.js";
import type { Device } from "../tensor/index.js";
import type { ExperimentConfig } from "./config/index.js";

/** A data set with the subset that a configuration draws from it. */
export interface ExperimentData {
  readonly dataset: ImageDataset;
  readonly subset: Subset;
  /** By the subset's class sizes, by class id. */
  readonly groups: readonly ClassGroup[];
}

/** Loads the data and draws the subset. @throws ReatError `data` or `config` */
export async function loadData(config: ExperimentConfig, progress?: Progress): Promise<ExperimentData> {
  const { source, resize, testShare, subset: wanted, validationPerClass } = config.data;
  const dataset = await loadDataset(source, {
    testShare,
    ...(resize !== null && { resize: { height: resize, width: resize } }),
    ...(progress && { progress }),
  });
  const subset = drawSubset(dataset.train.labels, dataset.classNames, {
    profile: wanted.profile,
    unbalancedRatio: wanted.imbalance,
    seed: config.seeds.subset,
    selection: wanted.selection,
    validationPerClass,
    ...(wanted.maxPerClass !== null && { maxPerClass: wanted.maxPerClass }),
  });
  return { dataset, subset, groups: classGroups(subset.counts) };
}

/** The long-tailed training images on a device. */
export function uploadTraining({ dataset, subset }: ExperimentData, device: Device): DeviceSplit {
  return uploadSplit(dataset, selectImages(dataset.train, subset.train), device);
}

/**
 * Images to measure on, on a device.
 * @param images at most so many, see {@link spreadOverClasses}; null for all
 * @throws ReatError `data` where the split has no images
 */
export function uploadForEvaluation(
  { dataset, subset }: ExperimentData,
  split: "test" | "validation",
  images: number | null,
  device: Device,
): DeviceSplit {
  const whole = split === "test" ? dataset.test : selectImages(dataset.train, subset.validation);
  if (whole.count === 0) {
    throw new ReatError("data", `"${dataset.name}" has no ${split} images to measure on.`);
  }
  if (images !== null && images < 1) {
    throw new ReatError(
      "data",
      `There are no ${split} images to measure on: ${images} were asked for, and one at least is needed.`,
    );
  }
  const indices = spreadOverClasses(whole, dataset.classNames.length, images ?? whole.count);
  return uploadSplit(dataset, selectImages(whole, indices), device);
}

/**
 * Positions of `wanted` images, ascending: the first ones of each class, as many of each as can be. A plain cut would take
 * whole classes away from splits that are sorted by class.
 */
export function spreadOverClasses(split: ImageSplit, classes: number, wanted: number): Uint32Array {
  if (wanted >= split.count) return Uint32Array.from({ length: split.count }, (_, i) => i);
  const lists = indicesByClass(split.labels, classes);
  const chosen: number[] = [];
  for (let round = 0; chosen.length < wanted; round++) {
    for (const list of lists) {
      if (round < list.length && chosen.length < wanted) chosen.push(list[round]!);
    }
  }
  return Uint32Array.from(chosen).sort();
}
