// Reads what torch.save writes: the zip form of PyTorch since 1.6, and the form before it.
import { isZip } from "../archives/index.js";
import { ReatError } from "../errors.js";
import { type Pickled, readPickle, readPickleAt } from "../pickle/index.js";
import { elementSize } from "../tensor/index.js";
import type { StoredTensor } from "../training/index.js";
import { elementsOf, TorchTensor, torchVocabulary } from "./torch-objects.js";
import { readTorchZip } from "./zip.js";

/** The pickled long with which files of the older form begin. */
const olderMagic = Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex");
const olderVersion = 1001;

/** A file's outermost value, and the tensors that are referred to in it. */
export interface TorchFile {
  readonly root: Pickled;
  /** The tensor's elements, which may share the file's memory. */
  read(tensor: TorchTensor): StoredTensor;
}

/** Whether a file begins as one of both forms does. */
export function isTorchFile(bytes: Buffer): boolean {
  return isZip(bytes) || bytes.subarray(0, olderMagic.length).equals(olderMagic);
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
  const root = readPickle(entries.get(main)!, where, torchVocabulary);
  return {
    root,
    read: (tensor) => stored(tensor, entries.get(`${folder}data/${tensor.storage.key}`), where),
  };
}

/** Magic number, version, facts of the machine, the value, the keys of the storages, then the storages in that order. */
function readOlder(bytes: Buffer, where: string): TorchFile {
  const damaged = (why: string) => new ReatError("checkpoint", `${where} is damaged: ${why}.`);
  let at = olderMagic.length;
  const next = (): Pickled => {
    const { value, end } = readPickleAt(bytes, at, where, torchVocabulary);
    at = end;
    return value;
  };
  const version = next();
  if (version !== olderVersion) {
    throw new ReatError("checkpoint", `${where} has version ${String(version)}; read is ${olderVersion}.`);
  }
  const machine = next();
  if (machine instanceof Map && machine.get("little_endian") === false) {
    throw new ReatError("checkpoint", `${where} has big-endian numbers; little-endian ones are read.`);
  }
  const root = next();
  const keys = next();
  if (!Array.isArray(keys)) throw damaged("it has no list of its storages");
  const widths = new Map(
    [...tensorsIn(root)].map(({ storage }) => [storage.key, elementSize(storage.dtype)]),
  );
  const storages = new Map<string, Buffer>();
  for (const key of keys.map(String)) {
    const width = widths.get(key);
    if (width === undefined) throw damaged(`its storage ${key} belongs to no tensor`);
    if (at + 8 > bytes.length) throw damaged("it is cut off between its storages");
    const length = Number(bytes.readBigUInt64LE(at)) * width;
    at += 8;
    if (at + length > bytes.length) throw damaged(`it is cut off within its storage ${key}`);
    storages.set(key, bytes.subarray(at, at + length));
    at += length;
  }
  return { root, read: (tensor) => stored(tensor, storages.get(tensor.storage.key), where) };
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

function* tensorsIn(value: Pickled, seen = new Set<Pickled>()): Generator<TorchTensor> {
  if (value instanceof TorchTensor) yield value;
  if (seen.has(value) || !(Array.isArray(value) || value instanceof Map)) return;
  seen.add(value);
  for (const child of value.values()) yield* tensorsIn(child, seen);
}
