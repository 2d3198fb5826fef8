// Batches of a split that lies on the device as bytes; seed and epoch alone decide their order.
import { ReatError } from "../errors.js";
import { type Device, keep, scope, type Tensor, tensor } from "../tensor/index.js";
import {
  applyCutMix,
  applyIdbh,
  applyOperations,
  type CropFlipOptions,
  type CutMixOptions,
  type CutMixPlan,
  cropFlip,
  drawCropFlip,
  drawCutMix,
  drawIdbh,
  drawOperations,
  drawResizedCrops,
  type IdbhName,
  idbhNames,
  partnerSeed,
  type ResizedCrop,
  type ResizedCropOptions,
  resizedCrops,
  type StrongAugmentation,
  strongAugmentations,
} from "./augmentation/index.js";
import { channelCount } from "./channels.js";
import { mixSeed } from "./counter-random.js";
import type { ImageDataset, ImageSplit } from "./dataset.js";
import { MersenneTwister } from "./mersenne-twister.js";
import type { PagedImages, WholeImage } from "./paged-images.js";

/** A split on a device. It owns its tensors: dispose it, or hold it with `using`. */
export interface DeviceSplit extends Disposable {
  /** uint8 `[count, 3, height, width]`; `[0, 3, height, width]` where images are read from `pages` for each batch */
  readonly images: Tensor;
  /** The same uint8 `[count, 3, height, width]` on the CPU, where many small augmentations do not wait for a GPU. Default: they do. */
  readonly imagesOnCpu?: Tensor;
  /** Of a split whose images stay in their file. */
  readonly pages?: PagedImages;
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
  /** Where images are mixtures of two (CutMix): the second labels, int64 `[n]`, and the first ones' share, a single float32. */
  readonly mixed?: { readonly labels: Tensor; readonly share: Tensor };
}

type Size = { readonly height: number; readonly width: number };

const unaltered: Alterations = { windows: null, onCpu: false, augment: (images) => images, mix: () => null };

/** What a plan does to the images of a batch. */
interface Alterations {
  /** Windows of whole images, of these sizes, that take the place of the middles; null for the middles. */
  readonly windows: ((sizes: readonly Size[], batch: number, second: boolean) => ResizedCrop[]) | null;
  /** Whether to augment on the CPU, wherever the split lies. */
  readonly onCpu: boolean;
  /** @param second whether the images are the second ones of mixtures, which draw by themselves */
  readonly augment: (images: Tensor, batch: number, second: boolean) => Tensor;
  readonly mix: (batch: number, indices: Uint32Array) => CutMixPlan | null;
}

/** Copies a split to a device, once. */
export function uploadSplit(dataset: ImageDataset, split: ImageSplit, device: Device = "cpu"): DeviceSplit {
  const { count, pages } = split;
  const shape = [pages ? 0 : count, channelCount, dataset.height, dataset.width];
  const upload = (to: Device) =>
    keep(tensor(pages ? new Uint8Array() : split.images, { shape, dtype: "uint8", device: to }));
  const [images, labels] = scope(() => {
    const ids = tensor(Int32Array.from(split.labels), { device }).to("int64");
    return [upload(device), keep(ids)] as const;
  });
  let onCpu = images.device === "cpu" ? images : null;
  const dispose = () => {
    for (const each of new Set([images, labels, onCpu])) each?.dispose();
  };
  return {
    ...{ images, labels, count, dispose },
    ...(pages && { pages }),
    get imagesOnCpu() {
      onCpu ??= upload("cpu");
      return onCpu;
    },
    [Symbol.dispose]: dispose,
  };
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
    readonly alterations: Alterations = unaltered,
  ) {
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new ReatError(
        "config",
        `The batch size is ${batchSize}; it must be a whole number of at least 1.`,
      );
    }
    this.count = Math.ceil(order.length / batchSize);
  }

  /**
   * Makes batch `b`, 0 to `count` − 1. Its tensors belong to the scope it is called in.
   * @throws ReatError `data` for another number
   */
  batch(b: number): Batch {
    if (!Number.isInteger(b) || b < 0 || b >= this.count) {
      throw new ReatError("data", `Batch ${b} was asked for; there are batches 0 to ${this.count - 1}.`);
    }
    const indices = this.order.slice(b * this.batchSize, (b + 1) * this.batchSize);
    const { augment, mix } = this.alterations;
    const taken = (positions: Uint32Array, second: boolean) => {
      const { labels } = this.split;
      const { device } = labels;
      const bytes = augment(this.#bytes(positions, b, second), b, second).to(device);
      return [bytes, labels.indexSelect(0, asIndex(positions, device))] as const;
    };
    const plan = mix(b, indices);
    if (!plan) {
      const [images, labels] = scope(() => {
        const [bytes, ids] = taken(indices, false);
        return [inUnitRange(bytes), ids] as const;
      });
      return { images, labels, indices };
    }
    const [images, labels, second, share] = scope(() => {
      const [bytes, ids] = taken(indices, false);
      const [pasted, otherIds] = taken(plan.partners, true);
      const share = tensor(Float32Array.of(plan.share), { shape: [], device: bytes.device });
      return [inUnitRange(applyCutMix(bytes, pasted, plan)), ids, otherIds, share] as const;
    });
    return { images, labels, indices, mixed: { labels: second, share } };
  }

  /** @returns uint8 `[n, 3, height, width]` where it is augmented */
  #bytes(positions: Uint32Array, b: number, second: boolean): Tensor {
    const { windows, onCpu } = this.alterations;
    const { pages, imagesOnCpu } = this.split;
    const images = (onCpu && imagesOnCpu) || this.split.images;
    const { device } = images;
    const [, , height, width] = images.shape as [number, number, number, number];
    const drawn = windows?.(
      Array.from(positions, (position) => pages?.sizeAt(position) ?? { height, width }),
      b,
      second,
    );
    if (!pages) {
      const middles = images.indexSelect(0, asIndex(positions, device));
      return drawn ? resizedCrops(middles.split(1, 0), drawn, { height, width }) : middles;
    }
    const shape = [positions.length, channelCount, height, width];
    const bytes = drawn
      ? // On the CPU, where the whole images are: the windows are less to send, and the same on every device.
        resizedCrops(pages.readWhole(positions).map(asTensor), drawn, { height, width }).to(device)
      : tensor(pages.read(positions), { shape, dtype: "uint8", device });
    // Read while the step on this batch computes.
    if (!second) pages.readAhead(this.order.slice((b + 1) * this.batchSize, (b + 2) * this.batchSize));
    return bytes;
  }
}

function asIndex(positions: Uint32Array, device: Device): Tensor {
  return tensor(Int32Array.from(positions), { device }).to("int64");
}

function asTensor({ planes, height, width }: WholeImage): Tensor {
  return tensor(planes, { shape: [1, channelCount, height, width], dtype: "uint8" });
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
  /** First of all, in place of `augmentation`: a window of random size of the whole image, scaled, mirrored half the time. Default: none. */
  readonly resizedCrop?: ResizedCropOptions | null;
  /** Leave out a last batch with fewer than `batchSize` images; other images are left out in each epoch. Default: false. */
  readonly dropLast?: boolean;
  /** Before crop and mirror, see `strongAugmentations`; IDBH takes their place. Default: none. */
  readonly strong?: StrongAugmentation | IdbhName | null;
  /** After all other augmentation. Default: none. */
  readonly cutMix?: CutMixOptions | null;
}

/**
 * One epoch of training: a random order that depends on seed and epoch only; every image once, the last partial batch kept
 * unless `dropLast` says otherwise.
 * @throws ReatError `config` where nothing is left
 */
export function trainingBatches(split: DeviceSplit, options: TrainingBatchOptions): BatchPlan {
  const {
    batchSize,
    seed,
    epoch,
    augmentation = {},
    resizedCrop = null,
    dropLast = false,
    strong = null,
    cutMix = null,
  } = options;
  const visited = dropLast ? split.count - (split.count % batchSize) : split.count;
  if (visited === 0 && split.count > 0) {
    throw new ReatError(
      "config",
      `${split.count} training images are fewer than one batch of ${batchSize}, and the last batch is left out; accepted: a batch size of at most ${split.count}, or the last batch kept.`,
    );
  }
  const order = epochOrder(split.count, seed, epoch).slice(0, visited);
  const augment = (images: Tensor, batch: number, second: boolean): Tensor => {
    const [count, , height, width] = images.shape as [number, number, number, number];
    const seeds = [second ? partnerSeed(seed) : seed, epoch, batch] as const;
    if (isIdbh(strong)) return applyIdbh(images, drawIdbh(strong, count, { height, width }, seeds));
    const altered = strong
      ? applyOperations(images, drawOperations(strongAugmentations[strong], count, { height, width }, seeds))
      : images;
    return augmentation === false || resizedCrop
      ? altered
      : cropFlip(altered, drawCropFlip(count, ...seeds, augmentation));
  };
  const members = cutMix?.second === "balanced" ? membersOf(split) : [];
  const [height, width] = split.images.shape.slice(2) as [number, number];
  const mix = (batch: number, indices: Uint32Array) =>
    cutMix && drawCutMix(cutMix, indices, members, { height, width }, [seed, epoch, batch]);
  const windows = (sizes: readonly Size[], batch: number, second: boolean) =>
    drawResizedCrops(sizes, [second ? partnerSeed(seed) : seed, epoch, batch], resizedCrop!);
  // A GPU runs the many small operations of a strong augmentation one by one, and each waits for it; the CPU does them beside its step.
  const onCpu = strong !== null;
  return new BatchPlan(split, order, batchSize, { windows: resizedCrop && windows, onCpu, augment, mix });
}

/** Positions of each class's images. */
function membersOf({ labels }: DeviceSplit): Uint32Array[] {
  const members: number[][] = [];
  for (const [position, label] of labels.toArray().entries()) {
    members[label] ??= [];
    members[label].push(position);
  }
  return Array.from(members, (positions = []) => Uint32Array.from(positions));
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
