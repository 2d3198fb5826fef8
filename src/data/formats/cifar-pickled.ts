// Reads the pickled release of CIFAR, as downloaded or as torchvision leaves it unpacked.
import type { ArchiveLimits } from "../../archives/index.js";
import { ReatError } from "../../errors.js";
import { ArrayConstructor, type Pickled, readPickle } from "../../pickle/index.js";
import type { ImageDataset, ImageSplit } from "../dataset.js";
import type { Progress } from "../progress.js";
import { type CifarLayout, cifarClassNames, cifarDataset, cifarImageBytes } from "./cifar.js";
import { readNamedFiles } from "./cifar-binary.js";

/**
 * @param path folder that holds the files, at any depth, or the archive
 * @throws ReatError `data` naming the file that is missing, cut off, refused, or not of the expected shape
 */
export async function readCifarPickled(
  path: string,
  layout: CifarLayout,
  progress?: Progress,
  limits?: ArchiveLimits,
): Promise<ImageDataset> {
  const files = await readNamedFiles(path, layout, progress, limits);
  const fine = layout.dataset === "cifar100" ? "fine_" : "";
  const meta = files.get(layout.metaFile);
  const named = meta && lookUp(readPickle(meta, `${layout.metaFile} of ${path}`), `${fine}label_names`);
  const classNames = Array.isArray(named) ? named.map(asText) : cifarClassNames[layout.dataset];
  return cifarDataset(layout, classNames, (name) =>
    readBatch(files.get(name)!, `${fine}labels`, classNames.length, `${name} of ${path}`),
  );
}

function readBatch(bytes: Buffer, labelsKey: string, classes: number, where: string): ImageSplit {
  const batch = readPickle(bytes, where);
  const data = lookUp(batch, "data");
  const array = data instanceof ArrayConstructor ? data.array : undefined;
  if (
    !(array?.data instanceof Uint8Array) ||
    array.shape.length !== 2 ||
    array.shape[1] !== cifarImageBytes
  ) {
    throw new ReatError(
      "data",
      `${where} has no "data" array of unsigned bytes with ${cifarImageBytes} columns.`,
    );
  }
  const labels = integers(lookUp(batch, labelsKey));
  const count = array.shape[0]!;
  if (labels?.length !== count) {
    throw new ReatError(
      "data",
      `${where} holds ${count} images and ${labels?.length ?? "no"} entries of "${labelsKey}".`,
    );
  }
  const wrong = labels.findIndex((label) => !(Number.isInteger(label) && label >= 0 && label < classes));
  if (wrong >= 0) {
    throw new ReatError(
      "data",
      `Image ${wrong} in ${where} has class id ${labels[wrong]}; accepted are 0 to ${classes - 1}.`,
    );
  }
  return { images: array.data, labels: Uint8Array.from(labels), count };
}

// Python 2 strings come out as text, Python 3 bytes as text or bytes: keys are compared as text.
function lookUp(dictionary: Pickled, key: string): Pickled | undefined {
  if (!(dictionary instanceof Map)) return undefined;
  for (const [name, value] of dictionary) if (asText(name) === key) return value;
  return undefined;
}

function asText(value: Pickled): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : String(value);
}

function integers(value: Pickled | undefined): number[] | undefined {
  if (value instanceof ArrayConstructor) return value.array && Array.from(value.array.data);
  return Array.isArray(value) ? value.map(Number) : undefined;
}
