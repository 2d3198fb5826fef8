// Every key of a schema with its default, what it accepts and what it is for: the rows of help texts and generated pages.
import type { z } from "zod";
import { formatFraction } from "../../fraction.js";
import { acceptedBy, type Shape, shapeOf } from "../../schema-words.js";
import { isRecord } from "../config/index.js";

/** One key of a schema. */
export interface OptionRow {
  /** Dotted. */
  readonly key: string;
  /** As it is written in YAML; null where the key is left out by default. */
  readonly default: string | null;
  /** In words. */
  readonly accepted: string;
  /** What it is for. */
  readonly help: string;
}

/** @param given keys without which the schema takes nothing, such as a method's name */
export function optionRows(schema: z.ZodType, given: Readonly<Record<string, unknown>> = {}): OptionRow[] {
  const defaults = (path: readonly string[]) => valueAt(schema.parse(withPart(given, path)), path);
  return walk(shapeOf(schema), defaults([]), [], defaults);
}

function walk(
  shape: Shape,
  values: unknown,
  path: readonly string[],
  partDefaults: (path: readonly string[]) => unknown,
): OptionRow[] {
  return Object.entries(shape.properties ?? {}).flatMap(([name, inside]) => {
    const key = [...path, name].join(".");
    const help = inside.help ?? "";
    const value = isRecord(values) ? values[name] : undefined;
    const keys = keysOf(inside);
    if (!keys) {
      const own = value === undefined ? inside.default : value;
      const shown = own === undefined ? null : written(own, name);
      return [{ key, default: shown, accepted: acceptedBy(inside), help }];
    }
    if (value !== undefined) return walk(keys, value, [...path, name], partDefaults);
    // An object that may be left out: a row for it, and one for each of its keys.
    const accepted = `keys and values; {} for their defaults${keys === inside ? "" : "; or null"}`;
    const part = { key, default: null, accepted, help };
    return [part, ...walk(keys, partDefaults([...path, name]), [...path, name], partDefaults)];
  });
}

/** The shape that has keys: the value's own, or that of an object in whose place there may be null. */
function keysOf(shape: Shape): Shape | undefined {
  if (shape.properties) return shape;
  const choices = shape.anyOf ?? [];
  const orNull = choices.length === 2 && choices.some(({ type }) => type === "null");
  return orNull ? choices.find(({ properties }) => properties) : undefined;
}

/** A copy with an empty object at the path. */
function withPart(
  given: Readonly<Record<string, unknown>>,
  path: readonly string[],
): Record<string, unknown> {
  const [first, ...rest] = path;
  if (first === undefined) return { ...given };
  const inside = isRecord(given[first]) ? given[first] : {};
  return { ...given, [first]: withPart(inside, rest) };
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inside, step) => (isRecord(inside) ? inside[step] : undefined), value);
}

function written(value: unknown, name: string): string {
  // 8/255 rather than its many digits, but 0.2 rather than 51/255.
  const isBudget = typeof value === "number" && /^(epsilon|stepSize)$/.test(name);
  if (isBudget && String(value).length > 6) return formatFraction(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
