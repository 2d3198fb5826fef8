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
import { type TrainedClasses, withTrainedClasses } from "./class-names.js";
import type { ExperimentConfig } from "./config/index.js";

/** A data set with the subset that a configuration draws from it. */
export interface ExperimentData {
  readonly dataset: ImageDataset;
  /** Drawn when it is first asked for: test images need none where the model's own class sizes are known. */
  readonly subset: Subset;
  /** Training images by class id: those of the model's own training where these are known, else the subset's. */
  readonly classCounts: readonly number[];
  /** By these sizes, by class id. */
  readonly groups: readonly ClassGroup[];
  /** How the classes were matched with the model's, where that is not plain. */
  readonly notes: readonly string[];
}

/**
 * Loads the data and draws the subset.
 * @param trained the classes of a model that the data are for: its numbers then are the class ids
 * @throws ReatError `data` or `config`; `data` naming both lists where the classes have other names than the model's
 */
export async function loadData(
  config: ExperimentConfig,
  progress?: Progress,
  trained: TrainedClasses | null = null,
): Promise<ExperimentData> {
  const { source, resize, testShare, subset: wanted, validationPerClass } = config.data;
  const loaded = await loadDataset(source, {
    testShare,
    ...(resize !== null && { resize: { height: resize, width: resize } }),
    ...(progress && { progress }),
  });
  const { dataset, notes } = trained ? withTrainedClasses(loaded, trained) : { dataset: loaded, notes: [] };
  let drawn: Subset | undefined;
  const draw = () =>
    drawSubset(dataset.train.labels, dataset.classNames, {
      profile: wanted.profile,
      unbalancedRatio: wanted.imbalance,
      seed: config.seeds.subset,
      selection: wanted.selection,
      validationPerClass,
      ...(wanted.maxPerClass !== null && { maxPerClass: wanted.maxPerClass }),
    });
  const subset = () => {
    drawn ??= draw();
    return drawn;
  };
  const classCounts = trained?.counts ?? subset().counts;
  return {
    ...{ dataset, classCounts, groups: classGroups(classCounts), notes },
    get subset() {
      return subset();
    },
  };
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
  data: ExperimentData,
  split: "test" | "validation",
  images: number | null,
  device: Device,
): DeviceSplit {
  const { dataset } = data;
  const whole = split === "test" ? dataset.test : selectImages(dataset.train, data.subset.validation);
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
