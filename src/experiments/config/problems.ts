// Turns a schema's objections into sentences: the key, what it got, what it accepts, what was probably meant.
import type { z } from "zod";
import { ReatError } from "../../errors.js";
import { acceptedBy, type Shape, shapeOf } from "../../schema-words.js";
import { nearest } from "./nearest.js";

/** One objection: the dotted key (empty for the whole) and a clause that follows it. */
export interface Problem {
  readonly key: string;
  readonly text: string;
}

/** All that `schema` objects to in `value`, keys prefixed with `at`; empty where there is none. */
export function findProblems(schema: z.ZodType, value: unknown, at: readonly string[] = []): Problem[] {
  const result = schema.safeParse(value);
  if (result.success) return [];
  const shape = shapeOf(schema);
  return result.error.issues.flatMap((issue) => describe(issue, shape, value, at));
}

/** The most problems in a message; a file of another kind can have thousands. */
const mostProblems = 20;

/** @throws ReatError `config` holding the problems, where there are any */
export function throwProblems(problems: readonly Problem[], where = "The configuration"): void {
  if (problems.length === 0) return;
  const sentences = problems.map(({ key, text }) => (key === "" ? text : `${key} ${text}`));
  const more = sentences.length - mostProblems;
  const shown = more > 0 ? [...sentences.slice(0, mostProblems), `… and ${more} more.`] : sentences;
  const message =
    sentences.length === 1
      ? `${where} is not usable: ${sentences[0]}`
      : `${where} is not usable, for ${sentences.length} reasons:\n${shown.map((s) => `  ${s}`).join("\n")}`;
  throw new ReatError("config", message);
}

function describe(
  issue: z.core.$ZodIssue,
  root: Shape,
  value: unknown,
  at: readonly string[],
): readonly Problem[] {
  const key = dotted([...at, ...issue.path]);
  const shape = shapeAt(root, issue.path);
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(shape?.properties ?? {});
    return issue.keys.map((name) => ({
      key: dotted([...at, ...issue.path, name]),
      text: `is no key${meant(name, known)}; accepted ${key === "" ? "at the top" : `in ${key}`}: ${known.join(", ")}.`,
    }));
  }
  const got = valueAt(value, issue.path);
  // Schemas with a sentence of their own say "expected …, got …".
  const own = /^expected (.+), got [^,]*$/s.exec(issue.message);
  if (issue.code === "custom" && !own) return [{ key, text: issue.message }];
  const accepted = own ? own[1]! : shape ? acceptedBy(shape) : issue.message;
  const words = shape?.enum?.filter((word) => typeof word === "string") ?? [];
  const hint = typeof got === "string" && !words.includes(got) ? meant(got, words) : "";
  const given = got === undefined ? "is missing" : `is ${show(got)}`;
  return [{ key, text: `${given}${hint}; accepted: ${accepted}.` }];
}

function meant(given: string, accepted: readonly string[]): string {
  const word = nearest(given, accepted);
  return word === undefined ? "" : ` (did you mean "${word}"?)`;
}

function shapeAt(root: Shape, path: readonly PropertyKey[]): Shape | undefined {
  let shape: Shape | undefined = root;
  for (const step of path) {
    const inside: Shape[] = [shape!, ...(shape?.anyOf ?? []), ...(shape?.oneOf ?? [])];
    shape =
      typeof step === "number"
        ? inside.find((choice) => choice.items)?.items
        : inside.map((choice) => choice.properties?.[String(step)]).find((found) => found !== undefined);
    if (!shape) return undefined;
  }
  return shape;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inside, step) =>
      typeof inside === "object" && inside !== null
        ? (inside as Record<PropertyKey, unknown>)[step]
        : undefined,
    value,
  );
}

function dotted(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (key, step) =>
      typeof step === "number" ? `${key}[${step}]` : key === "" ? String(step) : `${key}.${String(step)}`,
    "",
  );
}

/** A value as a sentence shows it, shortened where it is long. */
export function show(value: unknown): string {
  const text = typeof value === "number" ? String(value) : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
