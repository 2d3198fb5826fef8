// Decodes the images of a source, whose class and split their paths tell, and packs them into splits.
import { constants } from "node:buffer";
import os from "node:os";
import {
  type ArchiveLimits,
  DamagedEntry,
  defaultArchiveLimits,
  type Listing,
  someOf,
} from "../../archives/index.js";
import { ReatError } from "../../errors.js";
import { channelCount } from "../channels.js";
import { allocateClassIds, type DamagedFile, type ImageSplit, pagedSplit } from "../dataset.js";
import type { PagedImages } from "../paged-images.js";
import type { Progress } from "../progress.js";
import {
  type DecodeOptions,
  decodeImage,
  type ImageSize,
  pixelsWhileDecoded,
  UnreadableImage,
} from "./image-decoder.js";
import { readImageHeader } from "./image-header.js";
import { ImageSpill } from "./image-spill.js";
import { ending } from "./names.js";
import { listedFiles } from "./source-files.js";

/** `none` where the data is not divided. */
export type Split = "train" | "test" | "validation" | "none";

/** Where an image belongs, read from its path. */
export interface ImagePlace {
  readonly split: Split;
  readonly className: string;
  /** What is below the class folder; images of a class are ordered by it. */
  readonly name: string;
}

/** A decoded image with its place. */
export interface PlacedImage {
  readonly place: ImagePlace;
  /** `[3, height, width]`, or the position among the spilled images. */
  readonly planes: Uint8Array | number;
}

/** Choices for files that should be images but cannot be read. */
export const damagedPolicies = ["error", "skip"] as const;
/** What is done with images that cannot be read: an error, or they are left out and named. */
export type DamagedPolicy = (typeof damagedPolicies)[number];

/** How images of any size and form are made into images of one size. */
export interface ImageOptions extends DecodeOptions {
  /** `error` (default) refuses a source with damaged images; `skip` goes on without them, counted and named. */
  readonly damaged?: DamagedPolicy;
  /** How much may be read; in archives, of what is unpacked. */
  readonly limits?: ArchiveLimits;
  readonly progress?: Progress | undefined;
  /** A file, which the caller removes, where decoded images may wait that are together larger than `mostInMemory`. Default: none. */
  readonly spill?: { readonly file: string; readonly mostInMemory: number } | undefined;
}

export interface PlacedImages {
  readonly images: PlacedImage[];
  /** Of every image, or of what is shown of it; undefined where there is none. */
  readonly size: ImageSize | undefined;
  /** Files with a place that could not be read, in the order of the source; empty unless they are skipped. */
  readonly damaged: readonly DamagedFile[];
  /** Files of several pictures, of which the first was taken, in the order of the source. */
  readonly animated: readonly string[];
  /** The images' pixels, where they are too large for the memory. */
  readonly spilled: PagedImages | null;
}

// Images decoded at a time, in number and in pixels and bytes: enough to keep the image library's threads busy while reading continues.
const mostInFlight = 16;
const mostBytesInFlight = 50_000_000;

/**
 * Decodes every file that has a place.
 * @param places by path
 * @throws ReatError `data` for images of unequal size without a size to bring them to, and for damaged ones unless they are
 * skipped: the first such file and how many there are. A link that leads nowhere counts as damaged.
 */
export async function loadPlacedImages(
  path: string,
  { files, problems }: Listing,
  places: ReadonlyMap<string, ImagePlace>,
  options: ImageOptions,
): Promise<PlacedImages> {
  const load = new Load(path, places.size, options);
  for (const { path: file, why } of problems) if (isLost(file, places)) load.addDamaged(file, why);
  const placed = files.filter((file) => places.has(file.path));
  for await (const file of listedFiles(path, { files: placed }, options.limits ?? defaultArchiveLimits)) {
    try {
      await load.add(file.path, places.get(file.path)!, await file.read());
    } catch (error) {
      if (!(error instanceof DamagedEntry)) throw error;
      load.addDamaged(file.path, error.why);
    }
    if (load.failed) break;
  }
  return load.end();
}

/** Whether what cannot be read would have been an image, or a folder of them. */
function isLost(path: string, places: ReadonlyMap<string, ImagePlace>): boolean {
  return places.has(path) || ending(path) === "";
}

/** One pass over a source: several images are decoded at a time, and results are kept by position. */
class Load {
  readonly #pending = new Set<Promise<void>>();
  readonly #images: PlacedImage[] = [];
  readonly #damaged: (DamagedFile & { readonly at: number })[] = [];
  readonly #animated: string[] = [];
  /** The earliest failure that ends the pass, whichever image was decoded first. */
  #failure: { readonly at: number; readonly error: unknown } | undefined;
  #size: (ImageSize & { readonly first: string }) | undefined;
  #count = 0;
  #inFlight = 0;
  #spill: ImageSpill | null = null;

  constructor(
    readonly path: string,
    readonly expected: number,
    readonly options: ImageOptions,
  ) {
    if (shownSide(options) === null || options.spill) return;
    throw new ReatError(
      "usage",
      `Whole images of unequal sizes do not fit into one array: they need a file to lie in (spill), which preparing ${path} gives them.`,
    );
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  addDamaged(path: string, why: string): void {
    this.#damaged.push({ at: this.#count++, path, why });
  }

  async add(file: string, place: ImagePlace, bytes: Buffer): Promise<void> {
    const at = this.#count++;
    const header = readImageHeader(bytes);
    const size = bytes.length + (header ? pixelsWhileDecoded(header, this.options) : 0);
    if (header?.animated) this.#animated.push(file);
    const job = this.#decode(at, file, place, bytes).finally(() => {
      this.#pending.delete(job);
      this.#inFlight -= size;
    });
    this.#pending.add(job);
    this.#inFlight += size;
    // Until one image is decoded, no size is known that the next ones could be compared with.
    if (!this.#size) await job;
    while (
      this.#pending.size >= mostInFlight ||
      (this.#pending.size > 0 && this.#inFlight > mostBytesInFlight)
    ) {
      await Promise.race(this.#pending);
    }
  }

  async end(): Promise<PlacedImages> {
    await Promise.all(this.#pending);
    if (this.#failure) this.#spill?.end();
    if (this.#failure) throw this.#failure.error;
    this.#damaged.sort((a, b) => a.at - b.at);
    const damaged = this.#damaged.map(({ path, why }) => ({ path, why }));
    if (damaged.length > 0 && this.options.damaged !== "skip") {
      throw damagedImages(this.path, damaged, this.#count);
    }
    const done = this.#images.length;
    this.options.progress?.({ stage: "decode", done, total: done, unit: "images" });
    this.#spill?.end();
    const lost = new Set(damaged.map(({ path }) => path));
    const animated = this.#animated.filter((file) => !lost.has(file));
    const spilled = this.#spill?.images() ?? null;
    return { images: this.#images, size: this.#size, damaged, animated, spilled };
  }

  /** Never rejects: what goes wrong is kept with the image's position, so that no failure is lost between two waits. */
  async #decode(at: number, file: string, place: ImagePlace, bytes: Buffer): Promise<void> {
    const where = `${file} in ${this.path}`;
    try {
      const image = await decodeImage(bytes, where, this.options);
      this.#checkSize(image, where);
      // Of a source that will be refused only the count matters.
      if (this.#damaged.length > 0 && this.options.damaged !== "skip") return;
      this.#images.push({ place, planes: this.#spill?.add(image) ?? image.planes });
      const done = this.#images.length;
      if (done % 500 === 0)
        this.options.progress?.({ stage: "decode", done, total: undefined, unit: "images" });
    } catch (error) {
      if (error instanceof UnreadableImage) this.#damaged.push({ at, path: file, why: error.why });
      else if (!this.#failure || at < this.#failure.at) this.#failure = { at, error };
    }
  }

  #checkSize(image: ImageSize, where: string): void {
    const { spill } = this.options;
    const shown = shownSide(this.options);
    const { height, width } = shown === null ? image : { height: shown, width: shown };
    if (!this.#size) {
      this.#size = { height, width, first: where };
      if (spill && (shown !== null || this.expected * channelCount * height * width > spill.mostInMemory)) {
        this.#spill = new ImageSpill(spill.file, { height, width }, shown !== null, this.expected);
      } else refuseTooLarge(this.path, this.expected, this.#size);
    }
    const size = this.#size;
    if (height === size.height && width === size.width) return;
    throw new ReatError(
      "data",
      `${where} is ${width}×${height} and ${size.first} is ${size.width}×${size.height}; all images must have one size: ` +
        "bring them to one with --resize <pixels> (data.resize), or cut it out of them with --crop <pixels> (data.crop).",
    );
  }
}

/** Side of what is shown of images that are kept whole; null where they are not. */
function shownSide({ whole = false, resize, crop }: ImageOptions): number | null {
  return whole ? (crop ?? resize ?? null) : null;
}

/** @throws ReatError `memory` for more images than this machine can hold, decoded and once more in their splits */
function refuseTooLarge(path: string, images: number, { height, width }: ImageSize): void {
  const bytes = 2 * images * channelCount * height * width;
  // In a container less is there than in the machine.
  const there = Math.min(os.totalmem(), process.constrainedMemory?.() || Number.POSITIVE_INFINITY);
  const inGigabytes = (count: number) => `${(count / 1e9).toFixed(1)} GB`;
  if (bytes / 2 > constants.MAX_LENGTH) {
    throw new ReatError(
      "memory",
      `The ${images} images of ${path} at ${width}×${height} take ${inGigabytes(bytes / 2)}; a split can have ${inGigabytes(constants.MAX_LENGTH)}: ` +
        "scale them with --resize <pixels> (data.resize).",
    );
  }
  if (bytes <= there) return;
  throw new ReatError(
    "memory",
    `The ${images} images of ${path} at ${width}×${height} take ${inGigabytes(bytes)} while they are read, and this machine has ${inGigabytes(there)}; ` +
      "scale them with --resize <pixels> (data.resize).",
  );
}

function damagedImages(path: string, damaged: readonly DamagedFile[], count: number): ReatError {
  const [first] = damaged;
  const many = damaged.length > 1;
  return new ReatError(
    "data",
    `${first!.path} in ${path} ${first!.why}; ${many ? `it is the first of ${damaged.length} such files` : "it is the only such file"} ` +
      `among ${count} images. Mend or remove ${many ? "them" : "it"}, or go on without (--damaged skip, data.damaged).`,
  );
}

/** What to say of files that were passed over because they are damaged: how many, and which first. */
export function damagedNotes(damaged: readonly DamagedFile[]): string[] {
  if (damaged.length === 0) return [];
  const many = damaged.length > 1;
  const named = damaged.slice(0, 3).map(({ path, why }) => `${path} ${why}`);
  const more = damaged.length > 3 ? `; and ${damaged.length - 3} more` : "";
  return [
    `${damaged.length} damaged file${many ? "s were" : " was"} passed over: ${named.join("; ")}${more}.`,
  ];
}

/** What to say of files of several pictures. */
export function animatedNotes(animated: readonly string[]): string[] {
  if (animated.length === 0) return [];
  return [`Of images with several pictures the first was taken: ${someOf(animated)}.`];
}

/** @param ids class ids by the images' class names; `spilled`: the pixels, where they are in a file */
export function packImages(
  images: readonly PlacedImage[],
  { height, width }: ImageSize,
  ids: ReadonlyMap<string, number>,
  spilled: PagedImages | null,
): ImageSplit {
  const bytes = channelCount * height * width;
  const labels = allocateClassIds(images.length, ids.size);
  images.forEach(({ place }, i) => {
    labels[i] = ids.get(place.className)!;
  });
  if (spilled) return pagedSplit(spilled.select(images.map(({ planes }) => planes as number)), labels);
  const all = new Uint8Array(images.length * bytes);
  images.forEach(({ planes }, i) => {
    all.set(planes as Uint8Array, i * bytes);
  });
  return { images: all, labels, count: images.length };
}
