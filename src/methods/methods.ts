// The training methods by name.
import { z } from "zod";
import { atBsl } from "./at-bsl.js";
import { mart } from "./mart.js";
import type { Method, MethodSetup } from "./method.js";
import type { MethodEntry } from "./method-entry.js";
import { pgdAt } from "./pgd-at.js";
import { plain } from "./plain.js";
import { reat } from "./reat.js";
import { robal } from "./robal.js";
import { taet } from "./taet.js";
import { trades } from "./trades.js";
import { requireTrainingImages } from "./training-images.js";

/** All methods, each with its own options: a new one is a file and a line here. */
export const methods = {
  "pgd-at": pgdAt,
  reat,
  robal,
  trades,
  mart,
  "at-bsl": atBsl,
  taet,
  plain,
};

/** The name of a training method. */
export type MethodName = keyof typeof methods;
/** The names of all methods, in the order of the registry. */
export const methodNames = Object.keys(methods) as readonly MethodName[];

/** A resolved configuration, as `methodOptions` gives it. */
export type MethodOptions = z.output<(typeof methods)[MethodName]["schema"]>;

const schemas = Object.values(methods).map(({ schema }) => schema);
type Discriminated = Parameters<typeof z.discriminatedUnion>[1];

/** The schema of a method's configuration; `name` chooses the method and with it the other keys. */
export const methodOptions = z.discriminatedUnion("name", schemas as unknown as Discriminated, {
  error: ({ code, input }) =>
    code === "invalid_union" ? `expected one of ${methodNames.join(", ")}, got ${nameIn(input)}` : undefined,
}) as unknown as z.ZodType<MethodOptions>;

function nameIn(given: unknown): string {
  const name = typeof given === "object" && given !== null && "name" in given ? given.name : undefined;
  const text = name === undefined ? "none" : JSON.stringify(name);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/**
 * The configured method for a training set, with the modifiers that its options name.
 * @throws ReatError `config` when a constant or the class counts are impossible, `data` naming classes without images
 */
export function createMethod(options: MethodOptions, setup: MethodSetup): Method {
  requireTrainingImages(setup.classCounts, setup.classNames);
  const entry = methods[options.name] as MethodEntry<MethodOptions>;
  return entry.create(options, setup);
}
