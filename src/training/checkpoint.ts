// A checkpoint: everything a run needs to continue exactly, in one safetensors file with a checksum.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { writeDurably } from "../durable-file.js";
import { ReatError } from "../errors.js";
import type { ImageClassifier } from "../nn/index.js";
import { scope, type Tensor } from "../tensor/index.js";
import { type CheckpointState, parseState, type TrainedSoFar } from "./checkpoint-state.js";
import {
  decodeSafetensors,
  encodeSafetensors,
  restoreTensor,
  type Safetensors,
  type StoredTensor,
} from "./safetensors.js";

/**
 * Tensors of a checkpoint; in the file their names are "model.…", "optimizer.…" and so on. `model` is what is to be used:
 * where weights are averaged, their average, and `trained` the weights that training goes on from; else `trained` is empty.
 */
export const checkpointParts = [
  "model",
  "trained",
  "optimizer",
  "generator",
  "statistics",
  "observed",
] as const;
export type CheckpointPart = (typeof checkpointParts)[number];

/** The position of a training, and the tensors saved with it. */
export interface Checkpoint {
  readonly state: CheckpointState;
  readonly parts: Readonly<Record<CheckpointPart, ReadonlyMap<string, StoredTensor>>>;
}

const format = "reat-checkpoint";
const version = "1";

/**
 * Writes a checkpoint in place of the one before it, which stays untouched until all of the new one is on the disk.
 * @throws ReatError `disk`
 */
export async function writeCheckpoint(file: string, { state, parts }: Checkpoint): Promise<void> {
  const tensors = new Map(
    checkpointParts.flatMap((part) =>
      [...parts[part]].map(([name, stored]) => [`${part}.${name}`, stored] as const),
    ),
  );
  const metadata = { format, version, state: JSON.stringify(state) };
  const checksum = checksumOf({ tensors, metadata });
  await writeDurably(file, encodeSafetensors({ tensors, metadata: { ...metadata, checksum } }));
}

/**
 * Reads a checkpoint and checks every byte of it.
 * @throws ReatError `checkpoint` for a file that is missing, damaged, or something else
 */
export async function readCheckpoint(file: string): Promise<Checkpoint> {
  return parseCheckpoint(await checkpointBytes(file), file);
}

/** The file as it is. @throws ReatError `checkpoint` for one that is missing or cannot be read */
export async function checkpointBytes(file: string): Promise<Uint8Array> {
  return await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "ENOENT" ? "there is no such file" : cause.message;
    throw new ReatError("checkpoint", `The checkpoint ${file} cannot be read: ${why}.`, { cause });
  });
}

/** @param file for messages @throws ReatError `checkpoint` for bytes that are damaged, or something else */
export function parseCheckpoint(bytes: Uint8Array, file: string): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes, `The checkpoint ${file}`);
  const { checksum, ...signed } = metadata;
  if (signed.format !== format || signed.state === undefined) {
    throw new ReatError(
      "checkpoint",
      `${file} is a safetensors file of something else; a checkpoint that reat wrote is needed.`,
    );
  }
  if (checksum !== checksumOf({ tensors, metadata: signed })) {
    throw new ReatError(
      "checkpoint",
      `The checkpoint ${file} is damaged: its bytes do not match its checksum; use another copy or checkpoint.`,
    );
  }
  if (signed.version !== version) {
    throw new ReatError(
      "checkpoint",
      `The checkpoint ${file} has version ${signed.version}; this reat reads version ${version}.`,
    );
  }
  const partOf = (part: CheckpointPart) =>
    new Map(
      [...tensors].flatMap(([name, stored]) =>
        name.startsWith(`${part}.`) ? [[name.slice(part.length + 1), stored] as const] : [],
      ),
    );
  return {
    state: parseState(signed.state, file),
    parts: {
      model: partOf("model"),
      trained: partOf("trained"),
      optimizer: partOf("optimizer"),
      generator: partOf("generator"),
      statistics: partOf("statistics"),
      observed: partOf("observed"),
    },
  };
}

/** Runs `body` with a part's tensors on the CPU, freed afterwards. */
export function withTensors<T>(
  stored: ReadonlyMap<string, StoredTensor>,
  body: (tensors: ReadonlyMap<string, Tensor>) => T,
): T {
  return scope(() => body(new Map([...stored].map(([name, tensor]) => [name, restoreTensor(tensor)]))));
}

/**
 * Overwrites the model's weights with those to be used, or with those to train on from.
 * @throws ReatError `checkpoint` when they are another network's; nothing is changed then
 */
export function loadModel(
  checkpoint: Checkpoint,
  model: ImageClassifier,
  file: string,
  purpose: "use" | "training" = "use",
): void {
  const { architecture, classes } = checkpoint.state;
  if (architecture !== model.architecture || classes !== model.classes) {
    throw new ReatError(
      "checkpoint",
      `The checkpoint ${file} is of a ${architecture} with ${classes} classes; a ${model.architecture} with ${model.classes} classes is needed.`,
    );
  }
  const { model: used, trained } = checkpoint.parts;
  const weights = purpose === "training" && trained.size > 0 ? trained : used;
  withTensors(weights, (tensors) => model.loadStateDict(tensors));
}

/**
 * Reads a checkpoint into a model, for measuring it.
 * @throws ReatError `checkpoint` as `readCheckpoint` and `loadModel` do
 */
export async function loadWeights(file: string, model: ImageClassifier): Promise<CheckpointState> {
  const checkpoint = await readCheckpoint(file);
  loadModel(checkpoint, model, file);
  return checkpoint.state;
}

/** SHA-256 (hexadecimal) of the weights that are to be used, by name, type and shape. */
export function weightsDigest({ parts }: Checkpoint): string {
  return checksumOf({ tensors: parts.model, metadata: {} });
}

/** The last epoch, from 1, that the weights have seen batches of; 0 before the first. */
export function weightsEpoch({ epoch, batch }: TrainedSoFar): number {
  return batch === 0 ? epoch - 1 : epoch;
}

// Order and spelling of the header are left to the format: what counts is what is read out of it.
function checksumOf({ tensors, metadata }: Safetensors): string {
  const hash = createHash("sha256");
  const names = [...tensors.keys()].sort();
  const described = names.map((name) => [name, tensors.get(name)!.dtype, tensors.get(name)!.shape]);
  hash.update(JSON.stringify([Object.entries(metadata).sort(), described]));
  for (const name of names) hash.update(tensors.get(name)!.bytes);
  return hash.digest("hex");
}
