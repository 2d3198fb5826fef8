// Finds out in which of the accepted forms the data at a path is.
import { closeSync, lstatSync, openSync, readlinkSync, readSync, type Stats, statSync } from "node:fs";
import type { ArchiveLimits } from "../../archives/index.js";
import { ReatError } from "../../errors.js";
import type { ImageDataset } from "../dataset.js";
import type { DataFormat, Finding, ReadOptions } from "./format.js";
import { type DataSource, dataFormats } from "./formats.js";
import { sourceFiles } from "./source-files.js";

const formats: readonly DataFormat<DataSource>[] =
  dataFormats as readonly unknown[] as DataFormat<DataSource>[];

const words = formats.map(({ accepted }) => accepted);
const acceptedForms = `accepted are ${words.slice(0, -1).join(", ")}, and ${words.at(-1)}`;

/** The form of data that was found. */
export function formatOf({ form }: Pick<DataSource, "form">): DataFormat<DataSource> {
  return formats.find((format) => format.form === form)!;
}

/** Reads data that was found, past any cache. @throws ReatError `data` where it is damaged or incomplete */
export async function readFound(source: DataSource, options: ReadOptions): Promise<ImageDataset> {
  return formatOf(source).read(source, options);
}

/**
 * @param path file or folder
 * @param limits of what is looked through, by default those of the archives
 * @throws ReatError `data`, saying what is accepted, where nothing is recognised
 */
export async function detectSource(path: string, limits?: ArchiveLimits): Promise<DataSource> {
  const stats = statOf(path);
  const found = stats.isDirectory() ? await detectFolder(path, limits) : await detectFile(path, limits);
  if (!found) throw new ReatError("data", `${path} is in no form that can be read; ${acceptedForms}.`);
  return found;
}

function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const link = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink();
    if (link) {
      const why = code === "ELOOP" ? "leads round in a loop" : "is not there";
      throw new ReatError("data", `${path} is a link to ${readlinkSync(path)}, which ${why}.`, { cause });
    }
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new ReatError("data", `There is no file or folder ${path}; ${acceptedForms}.`, { cause });
    }
    throw new ReatError("data", `${path} cannot be read: ${message}.`, { cause });
  }
}

/** One line for people, such as "CIFAR-10, pickled form". */
export function describeSource(source: DataSource): string {
  return formatOf(source).describe(source);
}

async function detectFolder(path: string, limits?: ArchiveLimits): Promise<DataSource | undefined> {
  let likely: DataSource | undefined;
  for (const { inFolder } of formats) {
    const finding = await inFolder?.(path, limits);
    if (finding?.certain) return finding.source;
    likely ??= finding?.source;
  }
  return likely;
}

async function detectFile(path: string, limits?: ArchiveLimits): Promise<DataSource | undefined> {
  const head = readHead(path);
  const first = firstFinding((format) => format.inFile?.(path, head));
  if (first) return first.source;
  const gzip = head[0] === 0x1f && head[1] === 0x8b;
  const zip = head.toString("latin1", 0, 2) === "PK";
  if (!gzip && !zip && !/\.tar$/i.test(path) && head.toString("latin1", 257, 262) !== "ustar")
    return undefined;
  let likely: DataSource | undefined;
  for await (const { path: member } of sourceFiles(path, limits)) {
    const finding = firstFinding((format) => format.inArchive?.(path, member));
    if (finding?.certain) return finding.source;
    likely ??= finding?.source;
  }
  // Reading it will say what was found instead of images.
  return likely ?? { form: "class-folders", path };
}

/** The first certain answer of a form, else the first one. */
function firstFinding(
  ask: (format: DataFormat<DataSource>) => Finding<DataSource> | undefined,
): Finding<DataSource> | undefined {
  const findings = formats.map(ask).filter((finding) => finding !== undefined);
  return findings.find(({ certain }) => certain) ?? findings[0];
}

function readHead(path: string): Buffer {
  const head = Buffer.alloc(512);
  const file = openSync(path, "r");
  try {
    return head.subarray(0, readSync(file, head, 0, head.length, 0));
  } finally {
    closeSync(file);
  }
}
