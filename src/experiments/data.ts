// Makes splits on a device from the configuration's `data`: data set, validation images, long-tailed subset.
import {
  type ClassGroup,
  classGroups,
  contentHash,
  type DeviceSplit,
  drawSubset,
  type ImageDataset,
  type ImageOptions,
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
  /** Of the images that are trained on and set aside, see `contentHash`; null where it is not known. */
  readonly contentHash: string | null;
  /** Training images by class id: those of the model's own training where these are known, else the subset's. */
  readonly classCounts: readonly number[];
  /** By these sizes, by class id. */
  readonly groups: readonly ClassGroup[];
  /** How the classes were matched with the model's, where that needs saying. */
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
  const { source, testShare, subset: wanted, validationPerClass } = config.data;
  const loaded = await loadDataset(source, {
    ...imageOptions(config.data),
    whole: (config.training.randomResizedCrop ?? null) !== null,
    testShare,
    ...(progress && { progress }),
  });
  const { dataset, notes } = trained ? withTrainedClasses(loaded, trained) : { dataset: loaded, notes: [] };
  let drawn: Subset | undefined;
  const draw = () =>
    drawSubset(dataset.train.labels, dataset.classNames, {
      // Data with test images alone has no subset.
      profile: dataset.train.count === 0 ? "natural" : wanted.profile,
      unbalancedRatio: wanted.imbalance,
      seed: config.seeds.subset,
      selection: wanted.selection,
      validationPerClass: dataset.train.count === 0 ? 0 : validationPerClass,
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
    get contentHash() {
      const { train, validation } = subset();
      return contentHash(dataset.train, dataset.classNames, [...train, ...validation]);
    },
  };
}

/** How images are read, by the configuration. */
function imageOptions({
  resize,
  crop,
  orientation,
  damaged,
  limits,
}: ExperimentConfig["data"]): ImageOptions {
  const { pixels, ...archives } = limits;
  return {
    ...{ orientation, damaged, pixelLimit: pixels, limits: archives },
    ...(resize !== null && { resize }),
    ...(crop !== null && { crop }),
  };
}

/**
 * The images that choose the best checkpoint where `training.select` is validation: those set aside from the training
 * images where any are (`data.validationPerClass`), else the data's own.
 */
export function validationImages({ dataset, subset }: ExperimentData): ImageSplit {
  const aside = selectImages(dataset.train, subset.validation);
  return aside.count === 0 ? (dataset.validation ?? aside) : aside;
}

/**
 * The long-tailed training images on a device.
 */
export function uploadTraining({ dataset, subset }: ExperimentData, device: Device): DeviceSplit {
  return uploadSplit(dataset, selectImages(dataset.train, subset.train), device);
}

/** Some of the training images on a device, spread over the classes; not augmented. */
export function uploadSomeTraining(
  { dataset, subset }: ExperimentData,
  images: number,
  device: Device,
): DeviceSplit {
  const whole = selectImages(dataset.train, subset.train);
  return uploadSplit(
    dataset,
    selectImages(whole, spreadOverClasses(whole, dataset.classNames.length, images)),
    device,
  );
}

/** @throws ReatError `data` where the data cannot be trained on, or hold nothing to choose the best checkpoint by */
export function refuseUntrainable(data: ExperimentData, { training, data: wanted }: ExperimentConfig): void {
  const { dataset } = data;
  if (dataset.train.count === 0) {
    throw new ReatError(
      "data",
      `"${dataset.name}" has no training images, only ${dataset.test.count} test images: it can be evaluated on, not trained on.`,
    );
  }
  if (training.select === "validation" && validationImages(data).count === 0) {
    throw new ReatError(
      "config",
      `training.select is validation, but ${wanted.source} has no val/ beside its test images and data.validationPerClass is 0; set it to the images of each class to set aside.`,
    );
  }
}

/**
 * Images to measure on.
 * @param images at most so many, see {@link spreadOverClasses}; null for all
 * @throws ReatError `data` where the split has no images
 */
export function selectForEvaluation(
  data: ExperimentData,
  split: "test" | "validation",
  images: number | null,
): ImageSplit {
  const { dataset } = data;
  const whole = wholeSplit(data, split);
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
  return selectImages(whole, indices);
}

/** All images of a split. */
export function wholeSplit(data: ExperimentData, split: "test" | "validation"): ImageSplit {
  return split === "test" ? data.dataset.test : validationImages(data);
}

/** {@link selectForEvaluation} on a device. */
export function uploadForEvaluation(
  data: ExperimentData,
  split: "test" | "validation",
  images: number | null,
  device: Device,
): DeviceSplit {
  return uploadSplit(data.dataset, selectForEvaluation(data, split, images), device);
}

/**
 * Positions of `wanted` images, ascending: the first ones of each class, as many of each as can be. Taking the first images
 * would lose whole classes of splits that are sorted by class.
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
