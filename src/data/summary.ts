// A data set in numbers: sizes, class counts, groups, channel means.
import { channelCount } from "./channels.js";
import { countClasses, type DamagedFile, type ImageDataset, type ImageSplit, imageAt } from "./dataset.js";
import { type ClassGroup, classGroups, type Subset, type TailRule } from "./long-tail/index.js";

/** A class in numbers. */
export interface ClassSummary {
  readonly id: number;
  readonly name: string;
  readonly train: number;
  readonly test: number;
  /** In the subset, and set aside for validation; absent where no subset was given. */
  readonly subset?: number;
  readonly validation?: number;
  /** By the size of the classes that are trained on. */
  readonly group: ClassGroup;
}

/** A data set in numbers. */
export interface DatasetSummary {
  readonly name: string;
  readonly synthetic: boolean;
  readonly height: number;
  readonly width: number;
  readonly trainImages: number;
  readonly testImages: number;
  readonly subsetImages?: number;
  readonly validationImages?: number;
  readonly subsetHash?: string;
  /** Largest over smallest class of what is trained on. */
  readonly unbalancedRatio: number;
  readonly classes: readonly ClassSummary[];
  /** Of the training split, per channel, in [0, 1]. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly notes: readonly string[];
  /** Files that were passed over because they cannot be read. */
  readonly damaged: readonly DamagedFile[];
}

/** Summarises a data set and, where given, the subset to be trained on. */
export function summarizeDataset(
  dataset: ImageDataset,
  subset?: Subset,
  tailRule: TailRule = "paper",
): DatasetSummary {
  const classes = dataset.classNames.length;
  const train = countClasses(dataset.train.labels, classes);
  const test = countClasses(dataset.test.labels, classes);
  const used = subset?.counts ?? train;
  const groups = classGroups(used, tailRule);
  const validation =
    subset &&
    countClasses(
      Array.from(subset.validation, (i) => dataset.train.labels[i]!),
      classes,
    );
  const { mean, std } = channelStatistics(dataset.train);
  return {
    name: dataset.name,
    synthetic: dataset.synthetic,
    height: dataset.height,
    width: dataset.width,
    trainImages: dataset.train.count,
    testImages: dataset.test.count,
    ...(subset && {
      subsetImages: subset.train.length,
      validationImages: subset.validation.length,
      subsetHash: subset.hash,
    }),
    unbalancedRatio: Math.max(...used) / Math.min(...used),
    classes: dataset.classNames.map((name, id) => ({
      id,
      name,
      train: train[id]!,
      test: test[id]!,
      ...(subset && validation && { subset: subset.counts[id]!, validation: validation[id]! }),
      group: groups[id]!,
    })),
    mean,
    std,
    notes: dataset.notes,
    damaged: dataset.damaged,
  };
}

/** Mean and (population) standard deviation of each channel over all pixels, in [0, 1]; NaN for an empty split. */
export function channelStatistics(split: ImageSplit): { mean: number[]; std: number[] } {
  // Whole numbers below 2⁵³: the sums are exact, whatever the order.
  const sums = [0, 0, 0];
  const squares = [0, 0, 0];
  let area = Number.NaN;
  for (let image = 0; image < split.count; image++) {
    const planes = imageAt(split, image);
    area = planes.length / channelCount;
    for (let channel = 0; channel < channelCount; channel++) {
      let [sum, square] = [0, 0];
      for (let i = channel * area; i < (channel + 1) * area; i++) {
        const value = planes[i]!;
        sum += value;
        square += value * value;
      }
      sums[channel]! += sum;
      squares[channel]! += square;
    }
  }
  const n = split.count * area;
  const mean = sums.map((sum) => sum / n / 255);
  const std = sums.map(
    (sum, channel) => Math.sqrt(Math.max(0, squares[channel]! / n - (sum / n) ** 2)) / 255,
  );
  return { mean, std };
}
