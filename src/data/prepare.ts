// Loads a data set of any accepted form, through a packed file that is made once.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ReatError } from "../errors.js";
import { cacheFolder, downloadFolder, sourceIdentity } from "./cache.js";
import type { ImageDataset } from "./dataset.js";
import {
  cifarLayouts,
  type DataSource,
  detectSource,
  formatOf,
  type ImageOptions,
  readFound,
} from "./formats/index.js";
import { timed } from "./progress.js";
import { mostInMemory, readPacked, writePacked } from "./store/index.js";
import { generateSynthetic, syntheticDefaults } from "./synthetic/index.js";

/** How images of class folders and of Tiny-ImageNet are read; the other forms have no such options. */
export interface LoadOptions extends ImageOptions {
  /** Share and seed of the test split that is drawn where class folders have none. Defaults 0.2 and 0. */
  readonly testShare?: number;
  readonly testSeed?: number;
  /** Bytes of images that are kept in memory; those of larger sets stay in the packed file. Default 500 MB. */
  readonly mostInMemory?: number;
  /** Folder for packed files; default {@link cacheFolder}. */
  readonly cache?: string;
}

/** Raised when the same files and options give different images than before, so that older packed files are not used. */
const readingDetail = 2;

/** A data set in packed form, and where it came from. */
export interface Prepared {
  readonly dataset: ImageDataset;
  /** The packed file that holds it. */
  readonly file: string;
  readonly source: DataSource;
  /** True where the packed file was there already and fits the source. */
  readonly reused: boolean;
}

/**
 * Loads a data set by what a user writes: `"synthetic"` or `"synthetic:<seed>"`, `"cifar10"` or `"cifar100"` (from the
 * downloads), or a path in any form that {@link detectSource} knows. What is read from files is packed on first use.
 * @throws ReatError `data` or `usage`, saying what is wrong and what is accepted
 */
export async function loadDataset(spec: string, options: LoadOptions = {}): Promise<ImageDataset> {
  const synthetic = /^synthetic(?::(.*))?$/.exec(spec);
  if (!synthetic) return (await prepareDataset(spec, options)).dataset;
  return ofAskedSize(
    generateSynthetic({ ...syntheticDefaults, seed: parseSeed(synthetic[1]) }),
    spec,
    options,
  );
}

/** As {@link loadDataset} for data in files; also says where the packed file is. A packed file is loaded as it is. */
export async function prepareDataset(spec: string, options: LoadOptions = {}): Promise<Prepared> {
  const source = await detectSource(resolveSpec(spec, options), options.limits);
  const most = options.mostInMemory ?? mostInMemory;
  if (source.form === "packed") {
    const dataset = ofAskedSize(readPacked(source.path, most), spec, options);
    return { dataset, file: source.path, source, reused: true };
  }
  const { shaped } = formatOf(source);
  const shaping = shaped ? { reading: readingDetail, ...shapingOptions(options) } : undefined;
  const identity = await sourceIdentity(source, shaping, options.limits);
  const file = join(options.cache ?? cacheFolder(), "datasets", `${identity.slice(0, 32)}.reatpack`);
  const kept = readKept(file, most);
  if (kept) return { dataset: ofAskedSize(kept, spec, options), file, source, reused: true };
  const spill = { file: `${file}.${process.pid}-1.tmp`, mostInMemory: most };
  try {
    const dataset = ofAskedSize(await readSource(source, { ...options, spill }), spec, options);
    writePacked(file, dataset, identity);
    const inFile = dataset.train.pages ?? dataset.test.pages;
    return { dataset: inFile ? readPacked(file, most) : dataset, file, source, reused: false };
  } finally {
    rmSync(spill.file, { force: true });
  }
}

/** Reads a source itself, past any cache. */
export async function readSource(source: DataSource, options: LoadOptions = {}): Promise<ImageDataset> {
  return readFound(source, { ...options, progress: timed(options.progress) });
}

/** What decides which images come out of the same files. */
function shapingOptions(options: LoadOptions) {
  const { resize, crop, whole, orientation, damaged, testShare = 0.2, testSeed = 0 } = options;
  return {
    ...{ resize, crop, testShare, testSeed },
    // Absent where it changes nothing, so that what was prepared before there was such a choice is still used.
    ...(whole && (resize ?? crop) !== undefined && { whole }),
    orientation: orientation ?? "apply",
    damaged: damaged ?? "error",
  };
}

/** @throws ReatError `config` for data whose images have a size of their own, where another was asked for */
function ofAskedSize(dataset: ImageDataset, spec: string, { resize, crop }: LoadOptions): ImageDataset {
  const side = crop ?? resize;
  const { height, width } = dataset;
  if (side === undefined || (height === side && width === side)) return dataset;
  throw new ReatError(
    "config",
    `${spec} has images of ${width}×${height}, and ${side}×${side} were asked for (${crop === undefined ? "resize" : "crop"}): only images in class folders and those of Tiny-ImageNet are scaled and cut.`,
  );
}

function resolveSpec(spec: string, options: LoadOptions): string {
  if (existsSync(spec) || (spec !== "cifar10" && spec !== "cifar100")) return spec;
  const folder = options.cache ? join(options.cache, "downloads") : downloadFolder();
  const layout = cifarLayouts.find(
    ({ dataset, archive }) => dataset === spec && existsSync(join(folder, archive)),
  );
  if (!layout) {
    throw new ReatError(
      "data",
      `${spec} has not been downloaded: run "reat data download ${spec}", or give the path of the data.`,
    );
  }
  return join(folder, layout.archive);
}

// A packed file in the cache that fails its checks is made again: the user loses nothing.
function readKept(file: string, most: number): ImageDataset | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return readPacked(file, most);
  } catch (error) {
    if (error instanceof ReatError && error.code === "data") return undefined;
    throw error;
  }
}

function parseSeed(text: string | undefined): number {
  if (text === undefined) return syntheticDefaults.seed;
  const seed = text === "" ? Number.NaN : Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new ReatError(
      "usage",
      `"synthetic:${text}" is not a data set: the seed must be a whole number from 0 to 4294967295.`,
    );
  }
  return seed;
}
