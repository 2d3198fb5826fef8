// Matches the outputs of a model with the classes of the images it is measured on, by name.
import { readFileSync } from "node:fs";
import { z } from "zod";
import { type ImageDataset, type ImageSplit, withLabels } from "../data/index.js";
import { ReatError } from "../errors.js";
import type { RunFolder } from "../training/index.js";

/** The classes a model was trained on, in the order of its outputs. */
export interface TrainedClasses {
  readonly names: readonly string[];
  /** Training images of each; null where they are not known. */
  readonly counts: readonly number[] | null;
  /** How messages call what was trained, such as "the run birds". */
  readonly of: string;
}

const recorded = z
  .object({ classNames: z.array(z.string()), trainCounts: z.array(z.number()) })
  .refine(({ classNames, trainCounts }) => classNames.length === trainCounts.length);

/**
 * What a run's environment.json says of its classes; null where it says nothing.
 * @param names instead of the recorded ones
 * @throws ReatError `usage` where there are more or fewer of them than the run has classes
 */
export function trainedClasses(run: RunFolder, names?: readonly string[]): TrainedClasses | null {
  const { data } = (run.environment() ?? {}) as { readonly data?: unknown };
  const found = recorded.safeParse(data);
  const of = `the run ${run.name}`;
  if (!found.success) return names ? { names, counts: null, of } : null;
  const { classNames, trainCounts } = found.data;
  if (names && names.length !== classNames.length) {
    throw new ReatError(
      "usage",
      `${names.length} class names were given, but ${of} has ${classNames.length} classes; one name for each is needed, in the order of its outputs.`,
    );
  }
  return { names: names ?? classNames, counts: trainCounts, of };
}

/** The note where nothing says which output is which class. */
export function unnamedClasses(of: string, { classNames }: ImageDataset): string {
  return `The names of the classes are not known for ${of}: its outputs were taken in the data's order (${shortList(classNames)}); --class-names <file> gives them.`;
}

/**
 * For each class of the data the model's output of that name; null where both are in the same order.
 * @throws ReatError `data` naming both lists where they are not the same names
 */
export function matchClasses(
  { names, of }: Pick<TrainedClasses, "names" | "of">,
  found: readonly string[],
  whose: string,
): number[] | null {
  const outputs = new Map(names.map((name, output) => [sameName(name), output]));
  const order = found.map((name) => outputs.get(sameName(name)));
  const inOrder = order.length === names.length && order.every((output, id) => output === id);
  if (inOrder || (names.length === found.length && names.every((name, id) => name === found[id])))
    return null;
  const known = order.filter((output) => output !== undefined);
  if (
    known.length === names.length &&
    known.length === found.length &&
    new Set(known).size === known.length
  ) {
    return known;
  }
  const theirs = new Set(found.map(sameName));
  const alone = (text: string, list: readonly string[]) =>
    list.length > 0 ? [`${text}: ${shortList(list)}`] : [];
  const differences = [
    ...alone(
      `only in ${of}`,
      names.filter((name) => !theirs.has(sameName(name))),
    ),
    ...alone(
      `only in ${whose}`,
      found.filter((name) => !outputs.has(sameName(name))),
    ),
  ];
  throw new ReatError(
    "data",
    `The classes of ${whose} are not those of ${of}: ${of} has ${names.length} (${shortList(names)}), ${whose} ${found.length} (${shortList(found)})` +
      `${differences.length > 0 ? `; ${differences.join("; ")}` : ""}. Classes are matched by name; give data with the same names, or the model's with --class-names <file>.`,
  );
}

/**
 * The data set with the model's class ids, and notes on how they were matched.
 * @throws ReatError `data` as {@link matchClasses}
 */
export function withTrainedClasses(
  dataset: ImageDataset,
  trained: TrainedClasses,
): { dataset: ImageDataset; notes: readonly string[] } {
  const whose = `"${dataset.name}"`;
  const outputs = matchClasses(trained, dataset.classNames, whose);
  if (outputs === null) return { dataset, notes: [] };
  const renumbered = (split: ImageSplit) =>
    withLabels(
      split,
      split.labels.map((label) => outputs[label]!),
    );
  return {
    dataset: {
      ...dataset,
      classNames: trained.names,
      train: renumbered(dataset.train),
      test: renumbered(dataset.test),
      ...(dataset.validation && { validation: renumbered(dataset.validation) }),
    },
    notes: [reorderedClasses(whose, trained.of)],
  };
}

function reorderedClasses(whose: string, of: string): string {
  return `The classes of ${whose} are in another order than those of ${of}; they were matched by name.`;
}

/**
 * Names of a model's outputs in their order: one per line, a JSON list, or a JSON object of names and numbers from 0.
 * @throws ReatError `usage` for a file that is none of these, or names a class twice
 */
export function readClassNames(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    throw new ReatError("usage", `The class names ${file} cannot be read: ${(cause as Error).message}.`, {
      cause,
    });
  }
  const names = /^\s*[[{]/.test(text) ? namesInJson(text) : namesInLines(text);
  if (names === null || names.length < 2) {
    throw new ReatError(
      "usage",
      `${file} holds no class names; accepted are one name per line, a JSON list of names, or a JSON object of names and their numbers from 0.`,
    );
  }
  const twice = names.find((name, at) => names.findIndex((other) => sameName(other) === sameName(name)) < at);
  if (twice !== undefined) throw new ReatError("usage", `${file} names the class "${twice}" twice.`);
  return names;
}

function namesInLines(text: string): string[] | null {
  const lines = text.replace(/\s+$/, "").split(/\r?\n/);
  const names = lines.map((line) => line.trim());
  return names.includes("") ? null : names;
}

function namesInJson(text: string): string[] | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const list = z.array(z.string().min(1)).safeParse(value);
  if (list.success) return list.data;
  const numbered = z.record(z.string().min(1), z.int().min(0)).safeParse(value);
  if (!numbered.success) return null;
  const names: string[] = [];
  for (const [name, id] of Object.entries(numbered.data)) names[id] = name;
  const count = Object.keys(numbered.data).length;
  return names.length === count && !names.includes(undefined as never) ? names : null;
}

/** Composed and decomposed letters are the same name: file systems disagree on them. */
function sameName(name: string): string {
  return name.normalize("NFC");
}

const listed = 12;

function shortList(names: readonly string[]): string {
  const more = names.length - listed;
  return more > 0 ? `${names.slice(0, listed).join(", ")} and ${more} more` : names.join(", ");
}
