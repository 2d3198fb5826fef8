// The one description of an experiment: every key, what it takes, and its default, which is the paper's protocol.
import { z } from "zod";
import { DEFAULT_ARCHIVE_LIMITS } from "../../archives/index.js";
import {
  acceptedAttackNames,
  acceptedEvaluationAttacks,
  isAttackName,
  isEvaluationAttackName,
  normNames,
} from "../../attacks/index.js";
import { DAMAGED_POLICIES, DEFAULT_PIXEL_LIMIT, ORIENTATIONS, PROFILES } from "../../data/index.js";
import { acceptedClassifiers, type ClassifierName, modelNames, parseClassifier } from "../../nn/index.js";
import { normalisations } from "../../weights/index.js";

const seed = (value: number) => z.int().min(0).max(0xffffffff).default(value);

/** Of the measurements between epochs. */
const attackName = z.string().refine(isAttackName, {
  error: ({ input }) => `expected ${acceptedAttackNames}, got "${String(input)}"`,
});

/** Of the measurements at the end, where AutoAttack may be one. */
const evaluationAttackName = z.string().refine(isEvaluationAttackName, {
  error: ({ input }) => `expected ${acceptedEvaluationAttacks}, got "${String(input)}"`,
});

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

/** Whether a source is one of the sets that are known by name, not a path. */
export function isNamedSource(source: string): boolean {
  return /^(synthetic(:.*)?|cifar10|cifar100)$/.test(source);
}

const limit = (value: number) => z.int().min(1).default(value);

const subset = z.strictObject({
  /** Left out: exponential for the synthetic set and CIFAR by name, natural (all images) for data at a path. */
  profile: z.enum(PROFILES).optional(),
  /** UR, the largest class over the smallest. Not used by `natural`. */
  imbalance: z.number().min(1).default(50),
  /** n_max; null takes the largest class there is after the validation images are gone. */
  maxPerClass: z.int().min(1).nullable().default(null),
  /** shuffled: the first n_k of a seeded shuffle, as the field does; first: of the data's own order, for data shuffled before. */
  selection: z.enum(["shuffled", "first"]).default("shuffled"),
});

const data = z.strictObject({
  /** `synthetic`, `synthetic:<seed>`, `cifar10`, `cifar100`, or a path to data in any form that is read. */
  source: z
    .string()
    .min(1)
    .describe("synthetic, cifar10, cifar100 or the path of a data set")
    .default("synthetic"),
  /**
   * Pixels that the shorter side of images from class folders and of Tiny-ImageNet is scaled to; without `crop` the middle
   * square is taken. null leaves them as they are, and then they must have one size.
   */
  resize: z.int().min(8).max(4096).nullable().default(null),
  /** Side of the square that is cut out of their middle, after scaling; null cuts nothing. */
  crop: z.int().min(8).max(4096).nullable().default(null),
  /** apply: turn images as their EXIF orientation says and viewers show them; ignore: as they are stored. */
  orientation: z.enum(ORIENTATIONS).default("apply"),
  /** error refuses data with damaged images; skip goes on without them, and the run says which. */
  damaged: z.enum(DAMAGED_POLICIES).default("error"),
  /** What is refused as too large, so that no file fills the memory: pixels of an image, bytes of a file, of all, and files. */
  limits: z
    .strictObject({
      pixels: limit(DEFAULT_PIXEL_LIMIT),
      fileBytes: limit(DEFAULT_ARCHIVE_LIMITS.fileBytes),
      totalBytes: limit(DEFAULT_ARCHIVE_LIMITS.totalBytes),
      files: limit(DEFAULT_ARCHIVE_LIMITS.files),
    })
    .prefault({}),
  /** Share of each class drawn for the test where class folders have no test split. */
  testShare: z.number().gt(0).lt(1).default(0.2),
  subset: subset.prefault({}),
  /** Images of each class set aside, before the subset is drawn, to choose the best checkpoint on; with 0 the data's val/ does. */
  validationPerClass: z.int().min(0).default(0),
});

const training = z.strictObject({
  epochs: z.int().min(1).default(80),
  batchSize: z.int().min(2).default(128),
  learningRate: z.number().gt(0).default(0.1),
  /** The learning rate is multiplied by `factor` after each of these epochs. */
  milestones: z.array(z.int().min(1)).default([60, 75]),
  factor: z.number().gt(0).max(1).default(0.1),
  momentum: z.number().min(0).lt(1).default(0.9),
  weightDecay: z.number().min(0).default(5e-4),
  nesterov: z.boolean().default(false),
  /** Random crop with four pixels of padding, and horizontal flip. */
  augment: z.boolean().default(true),
  /** Before that: none, randaugment or autoaugment (AT-BSL's). */
  strongAugmentation: z.enum(["none", "randaugment", "autoaugment"]).default("none"),
  /**
   * Averages the weights over the steps, and measures and keeps the average. `from`: the first averaged epoch. Left out: the
   * trained weights themselves.
   */
  weightAverage: z
    .strictObject({
      decay: z.number().min(0).lt(1).default(0.999),
      from: z.int().min(1).default(1),
    })
    .optional(),
  /** Which images choose best.safetensors by robust accuracy; `last` chooses the last epoch, unseen. */
  select: z.enum(["test", "validation", "last"]).default("test"),
  /** Epochs between evaluations; the last epoch is always evaluated. */
  evaluateEvery: z.int().min(1).default(1),
  /** Attack of these evaluations. */
  evaluationAttack: attackName.default("pgd-20"),
  /** Images of these evaluations, the first of the split; null takes all. */
  evaluationImages: z.int().min(1).nullable().default(null),
  /** Batches between two batch events in metrics.jsonl. */
  logEvery: z.int().min(1).default(10),
  /** A checkpoint is written after so many epochs, and within an epoch after so many batches or seconds; null for never. */
  checkpointEvery: z
    .strictObject({
      epochs: z.int().min(1).default(1),
      batches: z.int().min(1).nullable().default(null),
      seconds: z.number().gt(0).nullable().default(300),
    })
    .prefault({}),
});

/** What is measured on the last and on the best checkpoint once training is over; the budget also holds for `training`. */
const evaluation = z.strictObject({
  attacks: z.array(evaluationAttackName).min(1).default(["pgd-20"]),
  norm: z.enum(normNames).default("linf"),
  /** null takes the field's: 8/255 in steps of 2/255 for l∞, 1 in steps of 0.2 for l2. */
  epsilon: z.number().min(0).nullable().default(null),
  stepSize: z.number().gt(0).nullable().default(null),
  /** Images of the test split, the first ones; null takes all. */
  images: z.int().min(1).nullable().default(null),
  batchSize: z.int().min(1).default(250),
});

const seeds = z.strictObject({
  /** 0 is the seed of the subsets that the field uses. */
  subset: seed(0),
  initialisation: seed(1),
  /** Order of the images, crops and flips. */
  order: seed(2),
  /** Start noise of the training attack. */
  attack: seed(3),
  /** Start noise of the evaluation attacks. */
  evaluation: seed(4),
});

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
  .max(100)
  .describe("a folder name of letters, digits, dots, dashes and underscores");

/** Every key but the method's own options, which the method's schema describes. */
export const experimentSchema = z.strictObject({
  /** Name of the run's folder; left out, it is made of data, model and method. */
  name: name.optional(),
  data: data.prefault({}),
  model: z
    .strictObject({
      architecture: z.enum(modelNames).default("resnet18"),
      /** The last layer: linear, cosine (RoBal's; cosine:1/16 for a γ other than 1/32) or normalised (plain cosines times 16). */
      classifier: classifier.default("linear"),
      /**
       * What the network does to images in [0, 1] before its first layer: (x − mean) / std by channel. Attacks and budgets
       * stay in [0, 1]. Left out: nothing.
       */
      normalise: normalise.optional(),
    })
    .prefault({}),
  method: z.looseObject({ name: z.string().default("reat") }).prefault({}),
  training: training.prefault({}),
  evaluation: evaluation.prefault({}),
  seeds: seeds.prefault({}),
  device: z
    .string()
    .regex(/^(auto|cpu|cuda(:\d+)?)$/)
    .describe("auto, cpu, cuda or cuda:N")
    .default("auto"),
  /** Threads of the CPU; null takes all cores. */
  threads: z.int().min(1).max(1024).nullable().default(null),
});
