// What is to be known of a form in which data sets lie on disk, and how a form's file says it.
import type { ArchiveLimits } from "../../archives/index.js";
import type { ImageDataset } from "../dataset.js";
import type { Progress } from "../progress.js";
import type { ImageOptions } from "./placed-images.js";

/** Data that was found: its form, and the folder or file to read from, which may lie below the path that was given. */
export interface FoundData {
  readonly form: string;
  readonly path: string;
}

/** What a look at a path came to. */
export interface Finding<Source extends FoundData> {
  readonly source: Source;
  /** Whether no other form can be meant; otherwise it counts only where no form is certain. */
  readonly certain: boolean;
}

/** How data is read, where its form leaves a choice. */
export interface ReadOptions extends ImageOptions {
  /** Share of each class drawn as the test split where the data has none. Default: 0.2. */
  readonly testShare?: number;
  /** Seed of that draw. Default: 0. */
  readonly testSeed?: number;
  readonly progress?: Progress | undefined;
}

/** A form of data sets, as its file describes it. */
export interface DataFormat<Source extends FoundData> {
  readonly form: Source["form"];
  /** What is accepted, for the message where nothing is recognised. */
  readonly accepted: string;
  /** Whether images have sizes of their own, so that `resize` and `crop` make others of them. */
  readonly shaped: boolean;
  /** Looks at a folder. */
  readonly inFolder?: (
    path: string,
    limits?: ArchiveLimits,
  ) => Finding<Source> | undefined | Promise<Finding<Source> | undefined>;
  /** Looks at the first 512 bytes of a file. */
  readonly inFile?: (path: string, head: Buffer) => Finding<Source> | undefined;
  /** Looks at one member of an archive after the other, by its name. */
  readonly inArchive?: (path: string, member: string) => Finding<Source> | undefined;
  /** @throws ReatError `data` where the data is damaged or incomplete */
  readonly read: (source: Source, options: ReadOptions) => ImageDataset | Promise<ImageDataset>;
  /** One line for people, such as "CIFAR-10, pickled form". */
  readonly describe: (source: Source) => string;
}

/** The registry's entry of a form; it only gives the description its type. */
export function defineFormat<Source extends FoundData>(format: DataFormat<Source>): DataFormat<Source> {
  return format;
}
