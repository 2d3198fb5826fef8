// A file of weights from anywhere: its state dict, found and checked, and loaded into a network.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { ReatError } from "../errors.js";
import type { ImageClassifier } from "../nn/index.js";
import type { Pickled } from "../pickle/index.js";
import { scope } from "../tensor/index.js";
import { decodeSafetensors, restoreTensor, type StoredTensor } from "../training/index.js";
import { type StoredState, translate } from "./layouts.js";
import { isTorchFile, readTorchFile, type TorchFile } from "./torch-file.js";
import { TorchTensor } from "./torch-objects.js";

/** Keys under which training scripts keep the state dict, in the order they are looked for. */
const stateKeys = ["state_dict", "model_state_dict", "model", "net"];

/** The tensors of a file of weights, under the file's own names. */
export interface WeightsFile {
  readonly file: string;
  readonly format: "torch.save" | "safetensors" | "reat checkpoint";
  /** Of the file's bytes, in hexadecimal. */
  readonly sha256: string;
  readonly state: StoredState;
  /** Of the outputs, in their order, where the file tells them: checkpoints and exports of this project do. */
  readonly classNames: readonly string[] | null;
  /** Where in the file the state was, and what was done to it, a sentence each. */
  readonly notes: readonly string[];
  /** Texts that the file keeps beside its tensors, by name; of an export of this project, "reat" says what it is. */
  readonly texts: ReadonlyMap<string, string>;
}

/**
 * Reads a state dict: `torch.save` in both of its forms (plain, or under state_dict, model_state_dict, model or net),
 * safetensors, or the model of a checkpoint of this project. Nothing in the file is run.
 * @throws ReatError `checkpoint` or `data` naming what the file is or holds instead
 */
export async function readWeightsFile(file: string): Promise<WeightsFile> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "ENOENT" ? "there is no such file" : cause.message;
    throw new ReatError("checkpoint", `The weights ${file} cannot be read: ${why}.`, { cause });
  });
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (isTorchFile(bytes)) {
    const torch = readTorchFile(bytes, file);
    const { state, notes } = stateOf(torch, file);
    const texts = textsOf(torch.root);
    const classNames = namesIn(texts.get("reat"));
    return { file, format: "torch.save", sha256, state, classNames, notes, texts };
  }
  if (!looksLikeSafetensors(bytes)) {
    throw new ReatError(
      "checkpoint",
      `${file} is no file of weights that is read: accepted are state dicts written by torch.save (.pt, .pth, .pkl) and safetensors.`,
    );
  }
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  if (metadata.format !== "reat-checkpoint") {
    const texts = new Map(Object.entries(metadata));
    const classNames = namesIn(metadata.reat);
    return { file, format: "safetensors", sha256, state: tensors, classNames, notes: [], texts };
  }
  const model = [...tensors].filter(([name]) => name.startsWith("model."));
  const state = new Map(model.map(([name, tensor]) => [name.slice("model.".length), tensor]));
  const classNames = namesIn(metadata.state);
  return { file, format: "reat checkpoint", sha256, state, classNames, notes: [], texts: new Map() };
}

/**
 * Overwrites a network's weights, renamed from the layouts of the field where that is needed.
 * @returns what was done to the names, a sentence each
 * @throws ReatError `checkpoint` naming the tensors that are missing, unknown or of another shape
 */
export function loadWeightsFile(weights: WeightsFile, model: ImageClassifier): readonly string[] {
  const { state, notes } = translate(weights.state, new Set(model.stateDict().keys()));
  try {
    scope(() =>
      model.loadStateDict(new Map([...state].map(([name, value]) => [name, restoreTensor(value)]))),
    );
  } catch (cause) {
    if (!(cause instanceof ReatError)) throw cause;
    const named = `a ${model.architecture} with ${model.classes} classes`;
    throw new ReatError("checkpoint", `${weights.file} is not ${named}. ${cause.message}`, { cause });
  }
  return notes;
}

/** The names in a checkpoint's state or in an export's description. */
function namesIn(state: string | undefined): readonly string[] | null {
  const parsed = checkpointNames.safeParse(state);
  return parsed.success ? parsed.data : null;
}

const checkpointNames = z
  .string()
  .transform((text): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      return null;
    }
  })
  .pipe(z.object({ classNames: z.array(z.string()) }))
  .transform(({ classNames }) => classNames);

function stateOf(torch: TorchFile, file: string): { state: StoredState; notes: string[] } {
  const { root } = torch;
  if (root instanceof Map) {
    const plain = tensorsOf(root);
    if (plain !== null) return { state: materialised(torch, plain), notes: [] };
    for (const key of stateKeys) {
      const inner = root.get(key);
      const tensors = inner instanceof Map ? tensorsOf(inner) : null;
      if (tensors === null) continue;
      return { state: materialised(torch, tensors), notes: [`The state was found under "${key}".`] };
    }
  }
  const found =
    root instanceof Map
      ? root.size === 0
        ? "an empty dictionary"
        : `a dictionary with ${[...root.keys()]
            .slice(0, 8)
            .map((key) => String(key) || '""')
            .join(", ")}`
      : "no dictionary";
  throw new ReatError(
    "checkpoint",
    `${file} holds ${found}; a state dict is needed, plain or under ${stateKeys.join(", ")}.`,
  );
}

function textsOf(root: Pickled): Map<string, string> {
  const entries = root instanceof Map ? [...root] : [];
  return new Map(
    entries.flatMap(([key, value]) => (typeof value === "string" ? [[String(key), value]] : [])),
  );
}

/** A dictionary's tensors, or null where it holds other things too, or nothing. */
function tensorsOf(dictionary: ReadonlyMap<Pickled, Pickled>): Map<string, TorchTensor> | null {
  const tensors = new Map<string, TorchTensor>();
  for (const [name, value] of dictionary) {
    if (typeof name !== "string" || !(value instanceof TorchTensor)) return null;
    tensors.set(name, value);
  }
  return tensors.size > 0 ? tensors : null;
}

function materialised(
  torch: TorchFile,
  tensors: ReadonlyMap<string, TorchTensor>,
): Map<string, StoredTensor> {
  return new Map([...tensors].map(([name, tensor]) => [name, torch.read(tensor)]));
}

/** Eight bytes of length, then the brace of a JSON object. */
function looksLikeSafetensors(bytes: Buffer): boolean {
  return bytes.length >= 9 && bytes[8] === "{".charCodeAt(0);
}
