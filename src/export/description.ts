// Everything besides the weights that is needed to classify with them.
import { z } from "zod";
import { orientations } from "../data/index.js";
import { ReatError } from "../errors.js";
import { type CheckpointName, checkpointNames } from "../evaluation/index.js";
import { type MethodOptions, methodOptions } from "../methods/index.js";
import { type ClassifierName, type ModelName, modelNames, parseClassifier } from "../nn/index.js";
import { firstMisfit } from "../schema-misfit.js";

/** What an inference rule does to a network's logits z: scale·z + offset, one offset for each class. */
export interface LogitCorrection {
  readonly scale: number;
  readonly offsets: readonly number[];
}

/** Of the images a classifier takes: pixels, and what its network does to values in [0, 1] before its first layer. */
export interface ClassifierDescription {
  /** The run's name. */
  readonly name: string;
  readonly architecture: ModelName;
  readonly classifier: ClassifierName;
  /** By class id. */
  readonly classNames: readonly string[];
  readonly imageSize: { readonly height: number; readonly width: number };
  /** How files became images of this size, see `data.resize`, `data.crop` and `data.orientation`. */
  readonly preprocessing: {
    readonly resize: number | null;
    readonly crop: number | null;
    readonly orientation: "apply" | "ignore";
  };
  /** (x − mean)/deviation by channel, inside the exported network; null for none. */
  readonly normalisation: { readonly mean: readonly number[]; readonly deviation: readonly number[] } | null;
  /**
   * The inference rule as a formula, inside the exported network; null where the logits are the network's, "another formula" where it is
   * none of this form.
   */
  readonly correction: LogitCorrection | "another formula" | null;
  /** The training method with its options; its inference rule is made of them. */
  readonly method: MethodOptions;
  /** Training images of each class. */
  readonly classCounts: readonly number[];
  readonly source: {
    readonly checkpoint: CheckpointName;
    /** The last epoch, from 1, that the weights have seen. */
    readonly epoch: number;
    /** True where the weights are an average over the steps. */
    readonly averaged: boolean;
    /** Version of this library. */
    readonly reat: string;
  };
}

const exportFormat = "reat-classifier";
const exportVersion = 1;

const three = z.tuple([z.number(), z.number(), z.number()]);
const schema = z.object({
  format: z.literal(exportFormat),
  version: z.literal(exportVersion),
  name: z.string(),
  architecture: z.enum(modelNames as [ModelName, ...ModelName[]]),
  classifier: z.string().refine((name): name is ClassifierName => parseClassifier(name) !== null),
  classNames: z.array(z.string()).min(2),
  imageSize: z.object({ height: z.int().min(1), width: z.int().min(1) }),
  preprocessing: z.object({
    resize: z.int().min(1).nullable(),
    crop: z.int().min(1).nullable(),
    orientation: z.enum(orientations),
  }),
  normalisation: z.object({ mean: three, deviation: three }).nullable(),
  correction: z
    .union([z.object({ scale: z.number(), offsets: z.array(z.number()) }), z.literal("another formula")])
    .nullable(),
  method: methodOptions,
  classCounts: z.array(z.int().min(0)),
  source: z.object({
    checkpoint: z.enum(checkpointNames),
    epoch: z.int(),
    averaged: z.boolean(),
    reat: z.string(),
  }),
});

/** One line of JSON, as it lies in the exported files. */
export function describeAsJson(description: ClassifierDescription): string {
  return JSON.stringify({ format: exportFormat, version: exportVersion, ...description });
}

/**
 * @param where how errors name the file
 * @throws ReatError `checkpoint` naming what does not fit
 */
export function parseDescription(json: string, where: string): ClassifierDescription {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new ReatError("checkpoint", `The description in ${where} is not JSON.`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    throw new ReatError(
      "checkpoint",
      `The description in ${where} is not one that reat wrote: ${firstMisfit(parsed.error)}.`,
    );
  }
  const { format: _format, version: _version, ...description } = parsed.data;
  const { classNames, classCounts, correction } = description;
  for (const [what, list] of [
    ["class counts", classCounts],
    ["offsets", typeof correction === "object" && correction ? correction.offsets : classNames],
  ] as const) {
    if (list.length !== classNames.length) {
      throw new ReatError(
        "checkpoint",
        `The description in ${where} names ${classNames.length} classes and has ${list.length} ${what}.`,
      );
    }
  }
  return description;
}
