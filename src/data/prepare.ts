// From any accepted form to a loaded data set, by way of one packed file that is made once.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ReatError } from "../errors.js";
import { cacheFolder, downloadFolder, sourceIdentity } from "./cache.js";
import type { ImageDataset } from "./dataset.js";
import {
  CIFAR_LAYOUTS,
  type DataSource,
  detectSource,
  type ImageSize,
  readCifarBinary,
  readCifarPickled,
  readClassFolders,
  readTinyImagenet,
} from "./formats/index.js";
import { type Progress, timed } from "./progress.js";
import { readPacked, writePacked } from "./store/index.js";
import { generateSynthetic, SYNTHETIC_DEFAULTS } from "./synthetic/index.js";

/** How data at a path is read and where it is kept in packed form. */
export interface LoadOptions {
  /** Scales the images of class folders; without it they must have one size. */
  readonly resize?: ImageSize;
  /** Share and seed of the test split that is drawn where class folders have none. Defaults 0.2 and 0. */
  readonly testShare?: number;
  readonly testSeed?: number;
  /** Folder for packed files; default {@link cacheFolder}. */
  readonly cache?: string;
  readonly progress?: Progress;
}

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
  if (synthetic) return generateSynthetic({ ...SYNTHETIC_DEFAULTS, seed: parseSeed(synthetic[1]) });
  return (await prepareDataset(spec, options)).dataset;
}

/** As {@link loadDataset} for data in files; also says where the packed file is. A packed file is loaded as it is. */
export async function prepareDataset(spec: string, options: LoadOptions = {}): Promise<Prepared> {
  const source = await detectSource(resolveSpec(spec, options));
  if (source.form === "packed") {
    return { dataset: readPacked(source.path), file: source.path, source, reused: true };
  }
  const shaping = source.form === "cifar" ? undefined : shapingOptions(options);
  const identity = await sourceIdentity(source, shaping);
  const file = join(options.cache ?? cacheFolder(), "datasets", `${identity.slice(0, 32)}.reatpack`);
  const kept = readKept(file);
  if (kept) return { dataset: kept, file, source, reused: true };
  const dataset = await readSource(source, options);
  writePacked(file, dataset, identity);
  return { dataset, file, source, reused: false };
}

/** Reads a source itself, past any cache. */
export async function readSource(source: DataSource, options: LoadOptions = {}): Promise<ImageDataset> {
  const progress = timed(options.progress);
  switch (source.form) {
    case "packed":
      return readPacked(source.path);
    case "class-folders":
      return readClassFolders(source.path, { ...shapingOptions(options), progress });
    case "tiny-imagenet":
      return readTinyImagenet(source.path, { ...(options.resize && { resize: options.resize }), progress });
    case "cifar":
      return source.layout.form === "binary"
        ? readCifarBinary(source.path, source.layout, progress)
        : readCifarPickled(source.path, source.layout, progress);
  }
}

function shapingOptions({ resize, testShare = 0.2, testSeed = 0 }: LoadOptions) {
  return { ...(resize ? { resize } : {}), testShare, testSeed };
}

function resolveSpec(spec: string, options: LoadOptions): string {
  if (existsSync(spec) || (spec !== "cifar10" && spec !== "cifar100")) return spec;
  const folder = options.cache ? join(options.cache, "downloads") : downloadFolder();
  const layout = CIFAR_LAYOUTS.find(
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

// A packed file in the cache that fails its checks is made again: nothing of the user's is lost by it.
function readKept(file: string): ImageDataset | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return readPacked(file);
  } catch (error) {
    if (error instanceof ReatError && error.code === "data") return undefined;
    throw error;
  }
}

function parseSeed(text: string | undefined): number {
  if (text === undefined) return SYNTHETIC_DEFAULTS.seed;
  const seed = text === "" ? Number.NaN : Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new ReatError(
      "usage",
      `"synthetic:${text}" is not a data set: the seed must be a whole number from 0 to 4294967295.`,
    );
  }
  return seed;
}
