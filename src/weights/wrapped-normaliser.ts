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
  ["deviation", /(^|\.)(new_)?(std|sigma|stdev|deviation)(_cuda)?$/],
];

/** Takes tensors of three elements called mean, mu, std, sigma or deviation (as checkpoints of this project have it) out of a state, but none of the network's own. */
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

/** The values on the scale of [0, 1], as options and configurations take them; `<r,g,b>` for what the state lacks. */
export function writtenNormaliser(found: FoundNormaliser): { readonly mean: string; readonly std: string } {
  const { mean, deviation } = inUnitRange(found);
  const listed = (values: readonly number[] | null) =>
    values?.map((value) => Number(value.toPrecision(4))).join(",") ?? "<r,g,b>";
  return { mean: listed(mean), std: listed(deviation) };
}

/** Whether a normalisation is the found one, in what the state has of it. */
export function sameNormaliser(found: FoundNormaliser, given: Normalisation): boolean {
  const { mean, deviation } = inUnitRange(found);
  const same = (a: readonly number[] | null, b: readonly number[]) =>
    !a || a.every((value, channel) => Math.abs(value - b[channel]!) < 1e-3);
  return same(mean, given.mean) && same(deviation, given.deviation);
}

/** What to say of it, beside what the caller normalises by. */
export function normaliserNote(found: FoundNormaliser, given: Normalisation | null): string {
  const { mean, std } = writtenNormaliser(found);
  const flags = `--mean ${mean} --std ${std}`;
  if (given === null) {
    return `Its wrapper normalises images; that was taken off. Give ${flags}: without it the figures are those of another function.`;
  }
  return sameNormaliser(found, given)
    ? "Its wrapper's normalisation was taken off, and the same one is used."
    : `Its wrapper normalises otherwise than was asked for, by ${flags}; that was taken off.`;
}

/** The scale of 0 to 255 is told as that of [0, 1], which is accepted. */
function inUnitRange({ mean, deviation }: FoundNormaliser): FoundNormaliser {
  const scale = [...(mean ?? []), ...(deviation ?? [])].some((value) => value > 1) ? 255 : 1;
  const scaled = (values: readonly number[] | null) => values?.map((value) => value / scale) ?? null;
  return { mean: scaled(mean), deviation: scaled(deviation) };
}

function valuesOf(value: StoredTensor): readonly number[] {
  return scope(() => restoreTensor(value).to("float64").flatten().toArray());
}
