// The forms of data sets that are read: the one registry of them.
import { cifarFormat } from "./cifar-format.js";
import { classFoldersFormat } from "./class-folders.js";
import type { DataFormat, FoundData } from "./format.js";
import { listFilesFormat } from "./list-files.js";
import { packedFormat } from "./packed-format.js";
import { tinyImagenetFormat } from "./tiny-imagenet.js";

/** All forms, in the order in which a folder is looked at: a new one is a file and a line here. */
export const dataFormats = [
  cifarFormat,
  tinyImagenetFormat,
  listFilesFormat,
  classFoldersFormat,
  packedFormat,
] as const;

type SourceOf<Format> = Format extends DataFormat<infer Source extends FoundData> ? Source : never;

/** Data found at `path`, which is the folder or file to read from (it may lie below the path that was given). */
export type DataSource = SourceOf<(typeof dataFormats)[number]>;
