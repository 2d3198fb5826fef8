// Which of a file's dictionaries is the state that is wanted, and what else there is.
import { ReatError } from "../errors.js";
import type { Pickled } from "../pickle/index.js";
import type { StoredTensor } from "../training/index.js";
import type { StoredState } from "./layouts.js";
import type { TorchFile } from "./torch-file.js";
import { TorchTensor } from "./torch-objects.js";

/** Keys under which training scripts keep the state dict, in the order they are looked for. */
const stateKeys = ["state_dict", "model_state_dict", "model", "net"];

type Tensors = ReadonlyMap<string, TorchTensor>;

/**
 * @param key which state, where the file has several, or the first part of the wanted tensors' names
 * @throws ReatError `checkpoint` naming what the file holds where there is no state, not the one that was asked for, or no
 *   usual one among several
 */
export function stateIn(
  torch: TorchFile,
  file: string,
  key?: string,
): { readonly state: StoredState; readonly notes: readonly string[] } {
  const { root } = torch;
  const states = new Map(statesIn(root));
  const plain = states.get("");
  states.delete("");
  const passed =
    torch.passedOver.length > 0
      ? [`Passed over, for they hold no weights: ${torch.passedOver.join(", ")}.`]
      : [];
  if (key !== undefined) {
    const asked = states.get(key);
    if (asked) return { state: materialised(torch, asked), notes: passed };
    const whole = plain ?? usual(states)?.[1];
    if (whole)
      return { state: partOf(materialised(torch, whole), key, file, [...states.keys()]), notes: passed };
  }
  if (key === undefined && plain) return { state: materialised(torch, plain), notes: passed };
  const chosen = key === undefined ? usual(states) : null;
  if (chosen) {
    // An export of this project keeps beside its weights what else its forward pass computes with.
    const ofExport = root instanceof Map && root.has("reat");
    const others = [...states.keys()].filter(
      (name) => name !== chosen[0] && !(ofExport && name === "constants"),
    );
    const notes = [
      `The state was found under "${chosen[0]}".`,
      ...(others.length > 0 ? [alsoThere(others)] : []),
    ];
    return { state: materialised(torch, chosen[1]), notes: [...notes, ...passed] };
  }
  if (states.size > 0) {
    const asked = key === undefined ? "none of them under a usual name" : `none under "${key}"`;
    throw new ReatError(
      "checkpoint",
      `${file} holds states under ${quoted(states.keys())}, ${asked}; --weights-key (in a configuration model.weightsKey) names the one that is wanted.`,
    );
  }
  throw new ReatError(
    "checkpoint",
    `${file} holds ${contentOf(root)}; a state dict is needed, plain or under ${stateKeys.join(", ")}.`,
  );
}

/** The tensors whose names begin with a part, without it. @throws ReatError `checkpoint` where there are none */
export function partOf(
  state: StoredState,
  part: string,
  file: string,
  states: readonly string[] = [],
): StoredState {
  const prefix = `${part}.`;
  const chosen = [...state].filter(([name]) => name.startsWith(prefix));
  if (chosen.length > 0) return new Map(chosen.map(([name, value]) => [name.slice(prefix.length), value]));
  const first = new Set([...state.keys()].map((name) => name.split(".")[0]!));
  const there = [...new Set([...states, ...[...first].slice(0, 12)])];
  throw new ReatError("checkpoint", `${file} holds no weights under "${part}"; there are ${quoted(there)}.`);
}

/** Every dictionary of tensors, by its key or keys joined by dots; "" for the outermost. */
function* statesIn(root: Pickled): Generator<[string, Tensors]> {
  if (!(root instanceof Map)) return;
  const plain = tensorsOf(root);
  if (plain) {
    yield ["", plain];
    return;
  }
  for (const [key, value] of root) {
    if (typeof key !== "string" || !(value instanceof Map)) continue;
    const tensors = tensorsOf(value);
    if (tensors) yield [key, tensors];
    if (tensors) continue;
    for (const [inner, deeper] of value) {
      const found = typeof inner === "string" && deeper instanceof Map ? tensorsOf(deeper) : null;
      if (found) yield [`${key}.${String(inner)}`, found];
    }
  }
}

/** The state under a usual key, or the only one there is. */
function usual(states: ReadonlyMap<string, Tensors>): readonly [string, Tensors] | null {
  const key = stateKeys.find((name) => states.has(name));
  if (key !== undefined) return [key, states.get(key)!];
  return states.size === 1 ? [...states][0]! : null;
}

/** A dictionary's tensors, or null where it holds other things too, or nothing. */
function tensorsOf(dictionary: ReadonlyMap<Pickled, Pickled>): Tensors | null {
  const tensors = new Map<string, TorchTensor>();
  for (const [name, value] of dictionary) {
    if (typeof name !== "string" || !(value instanceof TorchTensor)) return null;
    tensors.set(name, value);
  }
  return tensors.size > 0 ? tensors : null;
}

function materialised(torch: TorchFile, tensors: Tensors): Map<string, StoredTensor> {
  return new Map([...tensors].map(([name, tensor]) => [name, torch.read(tensor)]));
}

function alsoThere(others: readonly string[]): string {
  return `The file also holds weights under ${quoted(others)}; --weights-key ${others[0]} (in a configuration model.weightsKey) takes those.`;
}

function quoted(names: Iterable<string>): string {
  return [...names].map((name) => `"${name}"`).join(", ");
}

function contentOf(root: Pickled): string {
  if (!(root instanceof Map)) return "no dictionary";
  const keys = [...root.keys()].slice(0, 8);
  const told = keys.map((key) =>
    typeof key === "string" || typeof key === "number" ? String(key) : "other keys",
  );
  return told.length > 0 ? `a dictionary with ${told.join(", ")}` : "an empty dictionary";
}
