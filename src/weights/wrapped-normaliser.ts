// The normalisation that a wrapper around a network keeps among its tensors: taken off, and told.
import { scope } from "../tensor/index.js";
import { restoreTensor, type StoredTensor } from "../training/index.js";
import type { Normalisation } from "./normalised-input.js";

type StoredState = ReadonlyMap<string, StoredTensor>;

/** Of three channels each; null where the state has only the other. */
export interface FoundNormaliser {
  readonly mean: readonly number[] | null;
  readonly deviation: readonly number[] | null;
}

const parts: readonly (readonly [keyof FoundNormaliser, RegExp])[] = [
  ["mean", /(^|\.)(new_)?(mean|mu)(_cuda)?$/],
  ["deviation", /(^|\.)(new_)?(std|sigma|stdev)(_cuda)?$/],
];

/** Takes tensors of three elements called mean, mu, std or sigma out of a state, but none of the network's own. */
export function withoutNormaliser(
  state: StoredState,
  own: ReadonlySet<string>,
): { readonly rest: StoredState; readonly normaliser: FoundNormaliser | null } {
  const found: { -readonly [part in keyof FoundNormaliser]: FoundNormaliser[part] } = {
    mean: null,
    deviation: null,
  };
  const rest = new Map(
    [...state].filter(([name, value]) => {
      const part = parts.find(([, pattern]) => pattern.test(name))?.[0];
      const ofThree = value.shape.reduce((product, side) => product * side, 1) === 3;
      if (!part || !ofThree || own.has(name)) return true;
      found[part] ??= valuesOf(value);
      return false;
    }),
  );
  return { rest, normaliser: found.mean || found.deviation ? found : null };
}

/** What to say of it, beside what the caller normalises by. */
export function normaliserNote({ mean, deviation }: FoundNormaliser, given: Normalisation | null): string {
  // The scale of 0 to 255 is told as that of [0, 1], which is accepted.
  const scale = [...(mean ?? []), ...(deviation ?? [])].some((value) => value > 1) ? 255 : 1;
  const [theirs, spread] = [mean, deviation].map((values) => values?.map((value) => value / scale) ?? null);
  const listed = (values: readonly number[] | null | undefined) =>
    values?.map((value) => Number(value.toPrecision(4))).join(",") ?? "<r,g,b>";
  const flags = `--mean ${listed(theirs)} --std ${listed(spread)}`;
  if (given === null) {
    return `Its wrapper normalises images; that was taken off. Give ${flags}: without it the figures are those of another function.`;
  }
  const same = (a: readonly number[] | null | undefined, b: readonly number[]) =>
    !a || a.every((value, channel) => Math.abs(value - b[channel]!) < 1e-3);
  return same(theirs, given.mean) && same(spread, given.deviation)
    ? "Its wrapper's normalisation was taken off, and the same one is used."
    : `Its wrapper normalises otherwise than was asked for, by ${flags}; that was taken off.`;
}

function valuesOf(value: StoredTensor): readonly number[] {
  return scope(() => restoreTensor(value).to("float64").flatten().toArray());
}
