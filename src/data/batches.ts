// Batches of a split that lies on the device as bytes; seed and epoch alone decide their order.
import { ReatError } from "../errors.js";
import { type Device, keep, scope, type Tensor, tensor } from "../tensor/index.js";
import {
  applyIdbh,
  applyOperations,
  type CropFlipOptions,
  cropFlip,
  drawCropFlip,
  drawIdbh,
  drawOperations,
  type IdbhName,
  idbhNames,
  type StrongAugmentation,
  strongAugmentations,
} from "./augmentation/index.js";
import { mixSeed } from "./counter-random.js";
import { channelCount, type ImageDataset, type ImageSplit } from "./dataset.js";
import { MersenneTwister } from "./mersenne-twister.js";

/** A split on a device. It owns its tensors: dispose it, or hold it with `using`. */
export interface DeviceSplit extends Disposable {
  /** uint8 `[count, 3, height, width]` */
  readonly images: Tensor;
  /** int64 `[count]` */
  readonly labels: Tensor;
  readonly count: number;
  dispose(): void;
}

/** Images with their labels, as a step takes them. */
export interface Batch {
  /** float32 `[n, 3, height, width]` in [0, 1] */
  readonly images: Tensor;
  /** int64 `[n]` */
  readonly labels: Tensor;
  /** Positions in the split. */
  readonly indices: Uint32Array;
}

/** Copies a split to a device, once. */
export function uploadSplit(dataset: ImageDataset, split: ImageSplit, device: Device = "cpu"): DeviceSplit {
  const [images, labels] = scope(() => {
    const shape = [split.count, channelCount, dataset.height, dataset.width];
    const ids = tensor(Int32Array.from(split.labels), { device }).to("int64");
    return [keep(tensor(split.images, { shape, dtype: "uint8", device })), keep(ids)] as const;
  });
  const dispose = () => {
    images.dispose();
    labels.dispose();
  };
  return { images, labels, count: split.count, dispose, [Symbol.dispose]: dispose };
}

/** The batches of one pass over a split. `batch(b)` may be asked for in any order, so a run can resume at any of them. */
export class BatchPlan {
  /** Number of batches; the last may be smaller. */
  readonly count: number;

  /** @internal use {@link trainingBatches} or {@link evaluationBatches} */
  constructor(
    readonly split: DeviceSplit,
    readonly order: Uint32Array,
    readonly batchSize: number,
    readonly augment: (images: Tensor, batch: number) => Tensor = (images) => images,
  ) {
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new ReatError(
        "config",
        `The batch size is ${batchSize}; it must be a whole number of at least 1.`,
      );
    }
    this.count = Math.ceil(order.length / batchSize);
  }

  /** Makes batch `b`, 0 to `count` − 1. Its tensors belong to the scope it is called in. */
  batch(b: number): Batch {
    if (!Number.isInteger(b) || b < 0 || b >= this.count) {
      throw new ReatError("data", `Batch ${b} was asked for; there are batches 0 to ${this.count - 1}.`);
    }
    const indices = this.order.slice(b * this.batchSize, (b + 1) * this.batchSize);
    const [images, labels] = scope(() => {
      const index = tensor(Int32Array.from(indices), { device: this.split.images.device }).to("int64");
      const bytes = this.augment(this.split.images.indexSelect(0, index), b);
      return [inUnitRange(bytes), this.split.labels.indexSelect(0, index)] as const;
    });
    return { images, labels, indices };
  }
}

/**
 * Bytes as float32 in [0, 1]. A GPU divides by a number as it multiplies by the inverse, a last digit off in float32: through
 * float64 every device has the same images.
 */
function inUnitRange(bytes: Tensor): Tensor {
  if (bytes.device === "cpu") return bytes.to("float32").div(255);
  return bytes.to("float64").div(255).to("float32");
}

/** How the batches of an epoch are drawn. */
export interface TrainingBatchOptions {
  readonly batchSize: number;
  /** Seed of the data order; augmentation draws from a stream of its own under the same seed. */
  readonly seed: number;
  /** From 0. */
  readonly epoch: number;
  /** Random crop and mirror; false for none. Default: 4 pixels of padding, mirrored half the time. */
  readonly augmentation?: CropFlipOptions | false;
  /** Leave out a last batch with fewer than `batchSize` images; other images are left out in each epoch. Default: false. */
  readonly dropLast?: boolean;
  /** Before crop and mirror, see `strongAugmentations`; IDBH takes their place. Default: none. */
  readonly strong?: StrongAugmentation | IdbhName | null;
}

/**
 * One epoch of training: a random order that depends on seed and epoch only; every image once, the last partial batch kept
 * unless `dropLast` says otherwise.
 * @throws ReatError `config` where nothing is left
 */
export function trainingBatches(split: DeviceSplit, options: TrainingBatchOptions): BatchPlan {
  const { batchSize, seed, epoch, augmentation = {}, dropLast = false, strong = null } = options;
  const visited = dropLast ? split.count - (split.count % batchSize) : split.count;
  if (visited === 0 && split.count > 0) {
    throw new ReatError(
      "config",
      `${split.count} training images are fewer than one batch of ${batchSize}, and the last batch is left out; accepted: a batch size of at most ${split.count}, or the last batch kept.`,
    );
  }
  const order = epochOrder(split.count, seed, epoch).slice(0, visited);
  const augment = (images: Tensor, batch: number): Tensor => {
    const [count, , height, width] = images.shape as [number, number, number, number];
    const seeds = [seed, epoch, batch] as const;
    if (isIdbh(strong)) return applyIdbh(images, drawIdbh(strong, count, { height, width }, seeds));
    const altered = strong
      ? applyOperations(images, drawOperations(strongAugmentations[strong], count, { height, width }, seeds))
      : images;
    return augmentation === false ? altered : cropFlip(altered, drawCropFlip(count, ...seeds, augmentation));
  };
  return new BatchPlan(split, order, batchSize, augment);
}

function isIdbh(strong: StrongAugmentation | IdbhName | null): strong is IdbhName {
  return idbhNames.some((name) => name === strong);
}

/** The split in its own order, or the images at `indices`, unaltered. */
export function evaluationBatches(
  split: DeviceSplit,
  batchSize: number,
  indices?: ArrayLike<number>,
): BatchPlan {
  const order = indices ? Uint32Array.from(indices) : Uint32Array.from({ length: split.count }, (_, i) => i);
  return new BatchPlan(split, order, batchSize);
}

/** The permutation of `count` images that epoch `epoch` (from 0) visits them in. */
export function epochOrder(count: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  return new MersenneTwister(mixSeed(seed, epoch)).shuffle(order);
}
