// The keys of the network: which it is, what it begins with, what it does to images first.
import { z } from "zod";
import { acceptedClassifiers, type ClassifierName, modelNames, parseClassifier } from "../../nn/index.js";
import { normalisations } from "../../weights/index.js";

const classifier = z
  .string()
  .describe(acceptedClassifiers)
  .refine((name): name is ClassifierName => parseClassifier(name) !== null, {
    error: ({ input }) => `expected ${acceptedClassifiers}, got "${String(input)}"`,
  });

const channels = (numbers: z.ZodNumber) => z.tuple([numbers, numbers, numbers]);
const deviation = z.number().gt(0, { error: ({ input }) => `expected a number above 0, got ${input}` });
const normalise = z
  .union([
    z.enum(Object.keys(normalisations) as (keyof typeof normalisations)[]),
    z.strictObject({ mean: channels(z.number()), std: channels(deviation) }),
  ])
  .describe(
    `${Object.keys(normalisations).join(", ")}, or { mean: [r, g, b], std: [r, g, b] } with deviations above 0`,
  );

/** Keys of `model`. */
export const model = z.strictObject({
  architecture: z.enum(modelNames).default("resnet18").meta({ help: "the network" }),
  classifier: classifier.default("linear").meta({
    help: "the last layer: linear, cosine (RoBal's; cosine:1/16 for a γ other than 1/32) or normalised (plain cosines times 16)",
  }),
  dropPath: z.number().min(0).lt(1).optional().meta({
    help: "stochastic depth, for convnext-tiny and vit-s16: how often the last block is left out of an image's training pass; rates fall to 0 at the first block; attacks meet it with batchNorm batch alone; left out: none",
  }),
  weights: z.string().min(1).optional().meta({
    help: "a file of weights to begin with, in the layouts that `reat eval` reads; a last layer of other classes is replaced; left out: fresh weights",
  }),
  weightsKey: z.string().min(1).optional().meta({
    help: "which state of the file, where it holds several, such as model_ema; left out: the usual one",
  }),
  normalise: normalise.optional().meta({
    help: "what the network does to images in [0, 1] before its first layer: (x − mean) / std by channel; attacks and budgets stay in [0, 1]; left out: nothing",
  }),
});
