// Reads the official binary release of CIFAR: records of one or two label bytes and three planes of pixels.
import type { ArchiveLimits } from "../../archives/index.js";
import { ReatError } from "../../errors.js";
import type { ImageDataset, ImageSplit } from "../dataset.js";
import type { Progress } from "../progress.js";
import { type CifarLayout, cifarClassNames, cifarDataset, cifarImageBytes } from "./cifar.js";
import { baseName } from "./names.js";
import { sourceFiles } from "./source-files.js";

/**
 * @param path folder that holds the files, at any depth, or the archive
 * @throws ReatError `data` naming the file that is missing, cut off, or holds an impossible label
 */
export async function readCifarBinary(
  path: string,
  layout: CifarLayout,
  progress?: Progress,
  limits?: ArchiveLimits,
): Promise<ImageDataset> {
  const files = await readNamedFiles(path, layout, progress, limits);
  // CIFAR-100 records begin with the coarse label; the fine label, which is used, is the last byte before the pixels.
  const labelBytes = layout.dataset === "cifar100" ? 2 : 1;
  const meta = files
    .get(layout.metaFile)
    ?.toString("utf8")
    .split(/\r?\n/)
    .filter((line) => line !== "");
  const classNames = meta && meta.length > 0 ? meta : cifarClassNames[layout.dataset];
  return cifarDataset(layout, classNames, (name) =>
    readRecords(files.get(name)!, labelBytes, classNames.length, `${name} of ${path}`),
  );
}

/** Collects the files that a layout names; the file with the class names may be missing, the others may not. */
export async function readNamedFiles(
  path: string,
  layout: CifarLayout,
  progress?: Progress,
  limits?: ArchiveLimits,
): Promise<Map<string, Buffer>> {
  const wanted = [...layout.trainFiles, ...layout.testFiles];
  const found = new Map<string, Buffer>();
  for await (const file of sourceFiles(path, limits)) {
    const name = baseName(file.path);
    if (name !== layout.metaFile && !wanted.includes(name)) continue;
    if (found.has(name)) throw new ReatError("data", `${path} holds more than one file named ${name}.`);
    found.set(name, await file.read());
    progress?.({ stage: "read", done: found.size, total: wanted.length + 1, unit: "files" });
  }
  const missing = wanted.filter((name) => !found.has(name));
  if (missing.length > 0) {
    throw new ReatError(
      "data",
      `${path} lacks ${missing.join(", ")}; the ${layout.form} form of ${layout.dataset} consists of ${wanted.join(", ")}.`,
    );
  }
  return found;
}

function readRecords(bytes: Buffer, labelBytes: number, classes: number, where: string): ImageSplit {
  const record = labelBytes + cifarImageBytes;
  if (bytes.length === 0 || bytes.length % record !== 0) {
    throw new ReatError(
      "data",
      `${where} is ${bytes.length} bytes long, not a multiple of the record size ${record}: it is cut off or another file.`,
    );
  }
  const count = bytes.length / record;
  const images = new Uint8Array(count * cifarImageBytes);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const at = i * record + labelBytes;
    const label = bytes[at - 1]!;
    if (label >= classes) {
      throw new ReatError(
        "data",
        `Image ${i} in ${where} has class id ${label}; accepted are 0 to ${classes - 1}.`,
      );
    }
    labels[i] = label;
    images.set(bytes.subarray(at, at + cifarImageBytes), i * cifarImageBytes);
  }
  return { images, labels, count };
}
