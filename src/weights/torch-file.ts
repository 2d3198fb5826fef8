// Reads what torch.save writes: the zip form of PyTorch since 1.6, and the form before it.
import { isZip } from "../archives/index.js";
import { ReatError } from "../errors.js";
import { type Pickled, readPickle, readPickleAt } from "../pickle/index.js";
import { elementSize } from "../tensor/index.js";
import type { StoredTensor } from "../training/index.js";
import {
  elementsOf,
  nothingMet,
  type TorchMet,
  type TorchTensor,
  torchVocabularyFor,
} from "./torch-objects.js";
import { readTorchZip } from "./zip.js";

/** The number with which files of the older form begin, as a pickle of its own in whichever protocol. */
const olderMagic = Number(0x1950a86a20f9469cfc6cn);
/** In hexadecimal: protocols 2 to 5 with and without a frame, and 1. */
const olderStarts: readonly RegExp[] = [
  /^800[2-5](95[0-9a-f]{16})?8a0a6cfc9c46f9206aa850192e/,
  new RegExp(`^${Buffer.from("L119547037146038801333356L\n.").toString("hex")}`),
];
const olderVersion = 1001;

/** A file's outermost value, and the tensors that are referred to in it. */
export interface TorchFile {
  readonly root: Pickled;
  /**
   * The tensor's elements, which may share the file's memory.
   * @throws ReatError `checkpoint` where all that were read have many times the bytes of the file
   */
  read(tensor: TorchTensor): StoredTensor;
  /** Names of the objects beside the tensors that were passed over. */
  readonly passedOver: readonly string[];
}

/** Whether a file begins as one of both forms does. */
export function isTorchFile(bytes: Buffer): boolean {
  const start = bytes.subarray(0, 40).toString("hex");
  return isZip(bytes) || olderStarts.some((pattern) => pattern.test(start));
}

/** @throws ReatError `data` or `checkpoint` for a file that is damaged or names what is not read */
export function readTorchFile(bytes: Buffer, where: string): TorchFile {
  return isZip(bytes) ? readZipped(bytes, where) : readOlder(bytes, where);
}

function readZipped(bytes: Buffer, where: string): TorchFile {
  const entries = readTorchZip(bytes, where);
  const main = [...entries.keys()].find((name) => /^[^/]*\/data\.pkl$/.test(name));
  if (main === undefined) {
    throw new ReatError(
      "checkpoint",
      `${where} is a zip archive without a data.pkl, so torch.save did not write it.`,
    );
  }
  const folder = main.slice(0, -"data.pkl".length);
  if (entries.has(`${folder}constants.pkl`)) {
    throw new ReatError(
      "checkpoint",
      `${where} is a TorchScript program; a state dict is needed, as torch.save(model.state_dict(), file) writes it.`,
    );
  }
  const order = entries.get(`${folder}byteorder`)?.toString("latin1") ?? "little";
  if (order !== "little") {
    throw new ReatError("checkpoint", `${where} has ${order}-endian numbers; little-endian ones are read.`);
  }
  const met = nothingMet();
  const root = readPickle(entries.get(main)!, where, torchVocabularyFor(met));
  return torchFile(root, met, (key) => entries.get(`${folder}data/${key}`), bytes.length, where);
}

/** Magic number, version, facts of the machine, the value, the keys of the storages, then the storages in that order. */
function readOlder(bytes: Buffer, where: string): TorchFile {
  const damaged = (why: string) => new ReatError("checkpoint", `${where} is damaged: ${why}.`);
  const met = nothingMet();
  const vocabulary = torchVocabularyFor(met);
  let at = 0;
  const next = (): Pickled => {
    const { value, end } = readPickleAt(bytes, at, where, vocabulary);
    at = end;
    return value;
  };
  if (next() !== olderMagic) throw damaged("it does not begin as torch.save begins files");
  const version = next();
  if (version !== olderVersion) {
    const found = typeof version === "number" ? `has version ${version}` : "has no version";
    throw new ReatError("checkpoint", `${where} ${found}; read is ${olderVersion}.`);
  }
  const machine = next();
  if (machine instanceof Map && machine.get("little_endian") === false) {
    throw new ReatError("checkpoint", `${where} has big-endian numbers; little-endian ones are read.`);
  }
  const root = next();
  const keys = next();
  if (!Array.isArray(keys)) throw damaged("it has no list of its storages");
  const storages = new Map<string, Buffer>();
  for (const key of keys) {
    const storage = typeof key === "string" ? met.storages.get(key) : undefined;
    if (storage === undefined) throw damaged("one of its storages belongs to no tensor");
    if (at + 8 > bytes.length) throw damaged("it is cut off between its storages");
    const length = Number(bytes.readBigUInt64LE(at)) * elementSize(storage.dtype);
    at += 8;
    if (at + length > bytes.length) throw damaged(`it is cut off within its storage ${storage.key}`);
    storages.set(storage.key, bytes.subarray(at, at + length));
    at += length;
  }
  return torchFile(root, met, (key) => storages.get(key), bytes.length, where);
}

/** Tied weights are read twice, an expanded one a few times more; a file that asks for more than this is made to fill memory. */
const expansion = { factor: 8, bytes: 1 << 20 };

function torchFile(
  root: Pickled,
  { passedOver }: TorchMet,
  bytesOf: (key: string) => Uint8Array | undefined,
  size: number,
  where: string,
): TorchFile {
  const allowed = expansion.factor * size + expansion.bytes;
  let spent = 0;
  return {
    root,
    passedOver: [...passedOver].sort(),
    read(tensor) {
      const width = elementSize(tensor.storage.dtype);
      spent += tensor.shape.reduce((product, side) => product * side, width);
      if (spent > allowed) {
        throw new ReatError(
          "checkpoint",
          `${where} has ${size} bytes, and its tensors would take more than ${allowed}: they show the same elements over and over, which is not read.`,
        );
      }
      return stored(tensor, bytesOf(tensor.storage.key), where);
    },
  };
}

function stored(tensor: TorchTensor, bytes: Uint8Array | undefined, where: string): StoredTensor {
  const { dtype, key, count } = tensor.storage;
  if (!bytes || bytes.length < count * elementSize(dtype)) {
    throw new ReatError(
      "checkpoint",
      `${where} is damaged: its storage ${key} has ${bytes?.length ?? "no"} bytes, and ${count} elements of ${dtype} are needed.`,
    );
  }
  return { dtype, shape: tensor.shape, bytes: elementsOf(tensor, bytes) };
}
