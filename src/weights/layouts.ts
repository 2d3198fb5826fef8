// How the field's implementations name the parts of the same networks, and what this project calls them.
import type { StoredTensor } from "../training/index.js";
import { convNextRules, type Rule, reshaped, visionTransformerRules } from "./photograph-layouts.js";
import { type FoundNormaliser, withoutNormaliser } from "./wrapped-normaliser.js";

/** A state dict outside of any network. */
export type StoredState = ReadonlyMap<string, StoredTensor>;

/** Put before every name by wrappers: data parallelism, compilation, an attacker, a normaliser with the network behind it. */
const wrappers = [
  "module.",
  "_orig_mod.",
  "model.",
  "net.",
  "network.",
  "backbone.",
  "attacker.",
  "0.",
  "1.",
];

const stem: readonly Rule[] = [
  [/^conv1\.(weight|bias)$/, "conv1.0.$1"],
  [/^bn1\./, "conv1.1."],
];
const shortcut: Rule = [/^(layer\d+\.\d+)\.downsample\./, "$1.shortcut."];
// Stages that are counted with the stem: conv2_x is the first.
const stages: readonly Rule[] = [2, 3, 4, 5].map((n) => [new RegExp(`^conv${n}_x\\.`), `layer${n - 1}.`]);
/** Position of each numbered layer in `residual_function`, in which convolution, norm and activation alternate. */
const residual: readonly Rule[] = [1, 2, 3].flatMap((n): Rule[] => [
  [new RegExp(`^(layer\\d+\\.\\d+)\\.conv${n}\\.`), `$1.residual_function.${3 * (n - 1)}.`],
  [new RegExp(`^(layer\\d+\\.\\d+)\\.bn${n}\\.`), `$1.residual_function.${3 * (n - 1) + 1}.`],
]);
const lastLayer: readonly Rule[] = [
  [/^(linear|classifier|fc)\.(weight|bias)$/, "fc.$2"],
  [/^(linear|classifier|fc)\.(weight|bias)$/, "linear.$2"],
];
const rules: readonly Rule[] = [
  ...[...stem, shortcut, ...stages, ...residual, ...lastLayer],
  ...convNextRules,
  ...visionTransformerRules,
];

/** Parts that published WideResNets have in their state but never run. */
const unused = /^sub_block1\./;

/** A foreign state after renaming. */
export interface Translation {
  readonly state: StoredState;
  /** The file's names of the tensors, by those in `state`. */
  readonly origins: ReadonlyMap<string, string>;
  /** What was done to the names, a sentence each. */
  readonly notes: readonly string[];
  /** By which the network's wrapper normalises its images, where the state has that; it was taken off. */
  readonly normaliser: FoundNormaliser | null;
}

/**
 * The state under the names of a network: wrappers' prefixes taken away, the layouts of kuangliu, torchvision, timm
 * and weiaicunzai renamed. A name that no rule leads to a part of the network stays as it is, for the network to refuse.
 * @param own names of the network's state dict
 */
export function translate(state: StoredState, own: ReadonlySet<string>): Translation {
  const notes: string[] = [];
  const { rest, normaliser } = withoutNormaliser(state, own);
  let named = rest;
  let prefixes = "";
  for (let prefix = commonWrapper(named, own); prefix !== null; prefix = commonWrapper(named, own)) {
    notes.push(`The prefix "${prefix}" was taken from all names.`);
    const length = prefix.length;
    prefixes += prefix;
    named = new Map([...named].map(([name, value]) => [name.slice(length), value]));
  }
  const single = withoutCopies(named);
  if (single.size < named.size) {
    notes.push(`${named.size - single.size} tensors that an attacker's wrapper repeats were left out.`);
    const inner = translate(single, own);
    const origins = new Map([...inner.origins].map(([name, theirs]) => [name, prefixes + theirs]));
    return { ...inner, origins, notes: [...notes, ...inner.notes], normaliser };
  }
  const result = new Map<string, StoredTensor>();
  const origins = new Map<string, string>();
  let renamed = 0;
  let dropped = 0;
  for (const [name, value] of named) {
    const target = own.has(name) ? name : targetOf(name, own);
    if (target === null && unused.test(name)) {
      dropped++;
      continue;
    }
    if (target !== null && target !== name) renamed++;
    result.set(target ?? name, reshaped(target ?? name, value));
    origins.set(target ?? name, prefixes + name);
  }
  if (renamed > 0) notes.push(`${renamed} names were translated from another layout.`);
  if (dropped > 0)
    notes.push(`${dropped} tensors of sub_block1, which the network never runs, were left out.`);
  const counters = [...own].filter((name) => name.endsWith("num_batches_tracked") && !result.has(name));
  for (const name of counters) result.set(name, { dtype: "int64", shape: [], bytes: new Uint8Array(8) });
  return { state: result, origins, notes, normaliser };
}

/** A wrapper that holds the network twice, once within an attacker: of tensors that are the same, one is enough. */
function withoutCopies(state: StoredState): StoredState {
  const inAttacker = "attacker.";
  return new Map(
    [...state].filter(([name, value]) => {
      const twin = name.startsWith(inAttacker) ? state.get(name.slice(inAttacker.length)) : undefined;
      return twin === undefined || Buffer.compare(twin.bytes, value.bytes) !== 0;
    }),
  );
}

function targetOf(name: string, own: ReadonlySet<string>): string | null {
  // A stage's name and the name within it may both differ, so the other rules are applied to the result of each rule.
  const seen = new Set([name]);
  for (const candidate of seen) {
    for (const [pattern, replacement] of rules) {
      if (!pattern.test(candidate)) continue;
      const next = candidate.replace(pattern, replacement);
      if (own.has(next)) return next;
      seen.add(next);
    }
  }
  return null;
}

function commonWrapper(state: StoredState, own: ReadonlySet<string>): string | null {
  if (state.size === 0) return null;
  const names = [...state.keys()];
  if (names.some((name) => own.has(name))) return null;
  return wrappers.find((prefix) => names.every((name) => name.startsWith(prefix))) ?? null;
}
