// A file of weights from anywhere: its state dict, found and checked, and loaded into a network.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { ReatError } from "../errors.js";
import type { ImageClassifier } from "../nn/index.js";
import type { Pickled } from "../pickle/index.js";
import { scope } from "../tensor/index.js";
import { decodeSafetensors, restoreTensor } from "../training/index.js";
import { type StoredState, type Translation, translate } from "./layouts.js";
import type { Normalisation } from "./normalised-input.js";
import { requireSound } from "./sound-weights.js";
import { partOf, stateIn } from "./state-in-file.js";
import { isTorchFile, readTorchFile } from "./torch-file.js";
import { normaliserNote } from "./wrapped-normaliser.js";

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
 * @param key which of several states in the file, or the first part of its tensors' names; default: the usual one
 * @throws ReatError `checkpoint` or `data` naming what the file is or holds instead, and a tensor with values that no network can use
 */
export async function readWeightsFile(file: string, key?: string): Promise<WeightsFile> {
  const weights = await readFileOfWeights(file, key);
  requireSound(file, weights.state);
  return weights;
}

async function readFileOfWeights(file: string, key?: string): Promise<WeightsFile> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    const known: Record<string, string> = { ENOENT: "there is no such file", EISDIR: "it is a folder" };
    const why = known[cause.code ?? ""] ?? cause.message;
    throw new ReatError("checkpoint", `The weights ${file} cannot be read: ${why}.`, { cause });
  });
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (isTorchFile(bytes)) {
    const torch = readTorchFile(bytes, file);
    const { state, notes } = stateIn(torch, file, key);
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
    const state = key === undefined ? tensors : partOf(tensors, key, file);
    return { file, format: "safetensors", sha256, state, classNames, notes: [], texts };
  }
  const state = partOf(tensors, key ?? "model", file);
  const classNames = namesIn(metadata.state);
  const averaged = key === undefined && [...tensors.keys()].some((name) => name.startsWith("trained."));
  const notes = averaged
    ? [
        "These weights are an average over steps; --weights-key trained (in a configuration model.weightsKey) takes those of the last step.",
      ]
    : [];
  return { file, format: "reat checkpoint", sha256, state, classNames, notes, texts: new Map() };
}

/**
 * Overwrites a network's weights, renamed from the layouts of the field where that is needed.
 * @param normalisation what the caller normalises images by, to be compared with what the file's wrapper does
 * @returns what was done to the names, a sentence each
 * @throws ReatError `checkpoint` naming the tensors that are missing, unknown or of another shape
 */
export function loadWeightsFile(
  weights: WeightsFile,
  model: ImageClassifier,
  normalisation: Normalisation | null = null,
): readonly string[] {
  const { state, origins, notes, normaliser } = translate(weights.state, new Set(model.stateDict().keys()));
  loadState(weights, { state, origins }, model);
  return normaliser ? [...notes, normaliserNote(normaliser, normalisation)] : notes;
}

/** @throws ReatError `checkpoint` naming the file, and the tensors that do not fit */
export function loadState(
  { file }: WeightsFile,
  { state, origins }: Pick<Translation, "state" | "origins">,
  model: ImageClassifier,
): void {
  const called = namesInFile(origins);
  try {
    scope(() =>
      model.loadStateDict(new Map([...state].map(([name, value]) => [name, restoreTensor(value)])), called),
    );
  } catch (cause) {
    if (!(cause instanceof ReatError)) throw cause;
    const named = `a ${model.architecture} with ${model.classes} classes`;
    throw new ReatError("checkpoint", `${file} is not ${named}. ${cause.message}`, { cause });
  }
}

/** The file's names of tensors. One that the file lacks is called as others of the same layer are. */
function namesInFile(origins: ReadonlyMap<string, string>): (name: string) => string {
  const layers = new Map([...origins].map((names) => names.map(layerOf) as [string, string]));
  return (name) => {
    const layer = layers.get(layerOf(name));
    return origins.get(name) ?? (layer === undefined ? name : layer + name.slice(layerOf(name).length));
  };
}

/** A name up to its last dot; "" for names without one, which share no layer. */
function layerOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
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

function textsOf(root: Pickled): Map<string, string> {
  const entries = root instanceof Map ? [...root] : [];
  return new Map(
    entries.flatMap(([key, value]) => (typeof value === "string" ? [[String(key), value]] : [])),
  );
}

/** Eight bytes of length, then a JSON object, which white space may precede. */
function looksLikeSafetensors(bytes: Buffer): boolean {
  return /^[ \t\r\n]*\{/.test(bytes.toString("latin1", 8, 8 + 4096));
}
