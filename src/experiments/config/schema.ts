// The one description of an experiment: every key, what it accepts, and its default, which is the paper's protocol.
import { z } from "zod";
import { defaultArchiveLimits } from "../../archives/index.js";
import {
  acceptedAttackNames,
  acceptedEvaluationAttacks,
  isAttackName,
  isEvaluationAttackName,
  normNames,
} from "../../attacks/index.js";
import {
  damagedPolicies,
  defaultPixelLimit,
  idbhNames,
  orientations,
  profileNames,
} from "../../data/index.js";
import { logForms } from "../../export/index.js";
import { precisions } from "../../nn/index.js";
import { fineTuningKeys } from "./fine-tuning-keys.js";
import { model } from "./model-keys.js";
import { cosine, cutMix, oneCycle, resizedCrop } from "./training-parts.js";

const seed = (value: number, help: string) => z.int().min(0).max(0xffffffff).default(value).meta({ help });

/** Of the measurements between epochs. */
const attackName = z.string().refine(isAttackName, {
  error: ({ input }) => `expected ${acceptedAttackNames}, got "${String(input)}"`,
});

/** Of the measurements at the end, where AutoAttack may be one. */
const evaluationAttackName = z.string().refine(isEvaluationAttackName, {
  error: ({ input }) => `expected ${acceptedEvaluationAttacks}, got "${String(input)}"`,
});

/** Whether a source is one of the sets that are known by name, not a path. */
export function isNamedSource(source: string): boolean {
  return /^(synthetic(:.*)?|cifar10|cifar100)$/.test(source);
}

const limit = (value: number) => z.int().min(1).default(value);

const subset = z.strictObject({
  profile: z.enum(profileNames).optional().meta({
    help: "how the sizes of the classes fall; left out: exponential for the synthetic set and CIFAR by name, natural (all images) for data at a path",
  }),
  imbalance: z
    .number()
    .min(1)
    .default(50)
    .meta({ help: "unbalanced ratio (UR), the largest class over the smallest; not used by natural" }),
  maxPerClass: z.int().min(1).nullable().default(null).meta({
    help: "images of the largest class; null takes as many as there are after the validation images are gone",
  }),
  selection: z.enum(["shuffled", "first"]).default("shuffled").meta({
    help: "which images of a class: shuffled, the first of a seeded shuffle, as the field does; first, in the data's own order, for data shuffled before",
  }),
});

const side = z.int().min(8).max(4096).nullable().default(null);

const limits = z.strictObject({
  pixels: limit(defaultPixelLimit).meta({ help: "pixels of one image" }),
  fileBytes: limit(defaultArchiveLimits.fileBytes).meta({ help: "bytes of one file, unpacked" }),
  totalBytes: limit(defaultArchiveLimits.totalBytes).meta({ help: "bytes of all files, unpacked" }),
  files: limit(defaultArchiveLimits.files).meta({ help: "files of a folder or archive" }),
});

const data = z.strictObject({
  source: z
    .string()
    .min(1)
    .describe("synthetic, cifar10, cifar100 or the path of a data set")
    .default("synthetic")
    .meta({
      help: "the data set: synthetic (or synthetic:<seed>), cifar10, cifar100, or a path to data in any form that is read",
    }),
  resize: side.meta({
    help: "pixels that the shorter side of images from class folders and of Tiny-ImageNet is scaled to; without crop the middle square is taken; null leaves them, and then they must have one size",
  }),
  crop: side.meta({
    help: "side in pixels of the square that is cut out of their middle, after scaling; null cuts nothing",
  }),
  orientation: z.enum(orientations).default("apply").meta({
    help: "apply turns images as their EXIF orientation says and viewers show them; ignore takes them as they are stored",
  }),
  damaged: z.enum(damagedPolicies).default("error").meta({
    help: "error refuses data with damaged images; skip goes on without them, and the run says which they were",
  }),
  limits: limits
    .prefault({})
    .meta({ help: "what is refused as too large, so that no file fills the memory" }),
  testShare: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.2)
    .meta({ help: "share of each class drawn for the test where class folders have no test split" }),
  subset: subset.prefault({}).meta({ help: "the long-tailed subset of the training images" }),
  validationPerClass: z.int().min(0).default(0).meta({
    help: "images of each class set aside, before the subset is drawn, to choose the best checkpoint on; with 0 the data's own val/ is there for it",
  }),
});

const training = z.strictObject({
  epochs: z.int().min(1).default(80).meta({ help: "passes over the training images" }),
  batchSize: z.int().min(2).default(128).meta({ help: "images of a training step" }),
  dropLast: z
    .boolean()
    .default(false)
    .meta({ help: "leaves out the last batch of an epoch where it has fewer images than the others" }),
  ...fineTuningKeys,
  learningRate: z.number().gt(0).default(0.1).meta({ help: "at the beginning" }),
  milestones: z
    .array(z.int().min(1))
    .default([60, 75])
    .meta({ help: "the learning rate is multiplied by factor after each of these epochs" }),
  factor: z
    .number()
    .gt(0)
    .max(1)
    .default(0.1)
    .meta({ help: "what the learning rate is multiplied by at the milestones" }),
  oneCycle: oneCycle.optional().meta({
    help: "one cycle of the learning rate over the whole training instead of milestones, step by step; learningRate is then the peak; left out: milestones",
  }),
  cosine: cosine.optional().meta({
    help: "a learning rate that falls along half a cosine over the whole training instead of milestones; left out: milestones",
  }),
  momentum: z.number().min(0).lt(1).default(0.9).meta({ help: "of SGD" }),
  weightDecay: z
    .number()
    .min(0)
    .default(5e-4)
    .meta({ help: "of SGD, part of the gradient; of AdamW, share of the weights times the learning rate" }),
  nesterov: z.boolean().default(false).meta({ help: "Nesterov's form of momentum" }),
  augment: z
    .boolean()
    .default(true)
    .meta({ help: "random crop with four pixels of padding, and horizontal flip" }),
  randomResizedCrop: resizedCrop.nullable().optional().meta({
    help: "in place of the padded crop: a window of random size and form of the whole image, scaled to the network's size; photographs are then kept whole, and measured by their middle as before; null or left out: none",
  }),
  strongAugmentation: z
    .enum(["none", "randaugment", "autoaugment", ...idbhNames])
    .default("none")
    .meta({
      help: "randaugment and autoaugment come before crop and flip (AT-BSL's); idbh-weak and idbh-strong take their place: flip, crop-shift, one of eight operations on colour or shape, erased rectangles",
    }),
  cutMix: cutMix.optional().meta({
    help: "pastes a rectangle of another image into each image of a batch, and shares attack and loss between both labels; left out: none",
  }),
  weightAverage: z
    .strictObject({
      decay: z.number().min(0).lt(1).default(0.999).meta({ help: "share of the average that a step keeps" }),
      from: z.int().min(1).default(1).meta({ help: "the first averaged epoch" }),
      warmUp: z.boolean().default(false).meta({
        help: "whether the decay grows to its value with the number d of steps averaged: min(decay, (1 + d)/(10 + d))",
      }),
    })
    .optional()
    .meta({
      help: "averages the weights over the steps, and measures and keeps the average; left out: the trained weights themselves",
    }),
  select: z.enum(["test", "validation", "last"]).default("test").meta({
    help: "which images choose best.safetensors by robust accuracy; last chooses the last epoch, unseen",
  }),
  evaluateEvery: z
    .int()
    .min(1)
    .default(1)
    .meta({ help: "epochs between evaluations; the last epoch is always evaluated" }),
  evaluationAttack: attackName.default("pgd-20").meta({ help: "attack of the evaluations between epochs" }),
  evaluationImages: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .meta({ help: "images of the evaluations between epochs, spread over the classes; null takes all" }),
  observedImages: z.int().min(1).nullable().default(null).meta({
    help: "training images, spread over the classes, whose examples are compared after each epoch with those of the epoch before (exampleDistances in metrics.jsonl); null for none",
  }),
  shards: z.int().min(1).max(4096).default(1).meta({
    help: "parts of each batch, which processes share; each has noise and batch statistics of its own, so that results depend on it, and not on the number of processes",
  }),
  reduction: z.enum(["ordered", "fast"]).default("ordered").meta({
    help: "how gradients of the parts are added: ordered gives the same bits for any number of processes; fast sends less",
  }),
  tailOver: z.enum(["part", "batch"]).default("part").meta({
    help: "with several parts: whether REAT's TAIL compares the images of a part, or of the whole batch",
  }),
  batchNorm: z.enum(["part", "batch"]).default("part").meta({
    help: "with several parts: whether batch normalisation takes the statistics of a part, or of the whole batch, for which each part needs a process",
  }),
  logEvery: z.int().min(1).default(10).meta({ help: "batches between two batch events in metrics.jsonl" }),
  checkpointEvery: z
    .strictObject({
      epochs: z.int().min(1).default(1).meta({ help: "epochs after which a checkpoint is written" }),
      batches: z
        .int()
        .min(1)
        .nullable()
        .default(null)
        .meta({ help: "batches within an epoch after which a checkpoint is written; null for never" }),
      seconds: z
        .number()
        .gt(0)
        .nullable()
        .default(300)
        .meta({ help: "seconds within an epoch after which a checkpoint is written; null for never" }),
    })
    .prefault({})
    .meta({ help: "when checkpoints are written" }),
});

const evaluation = z.strictObject({
  attacks: z
    .array(evaluationAttackName)
    .min(1)
    .default(["pgd-20"])
    .meta({ help: "what the last and the best checkpoint are measured under; `reat attacks` lists them" }),
  norm: z
    .enum(normNames)
    .default("linf")
    .meta({ help: "of the perturbations, in the evaluations between epochs too" }),
  epsilon: z
    .number()
    .min(0)
    .nullable()
    .default(null)
    .meta({ help: "radius of the perturbations; null takes the field's, 8/255 for linf and 1 for l2" }),
  stepSize: z
    .number()
    .gt(0)
    .nullable()
    .default(null)
    .meta({ help: "length of a step; null takes the field's, 2/255 for linf and 0.2 for l2" }),
  images: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .meta({ help: "images of the test split, spread over the classes; null takes all" }),
  batchSize: z.int().min(1).default(250).meta({ help: "images attacked together" }),
  precision: z
    .enum(precisions)
    .default("float32")
    .meta({ help: "of predictions and attacks on a GPU; a CPU takes float32" }),
  tiles: z.boolean().default(true).meta({
    help: "APGD, FAB, Square and AutoAttack look for examples through convolutions in tiles, where the network has them, and count those that the plain network confirms; false asks the plain network alone",
  }),
});

const seeds = z.strictObject({
  subset: seed(0, "of the draw of the subset; 0 is that of the subsets that the field uses"),
  initialisation: seed(1, "of the first weights"),
  order: seed(2, "of the order of the images, crops and flips"),
  attack: seed(3, "of the training attack's start noise"),
  evaluation: seed(4, "of the evaluation attacks' random numbers"),
});

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
  .max(100)
  .describe("a folder name of letters, digits, dots, dashes and underscores");

/** Every key but the method's own options, which the method's schema describes. */
export const experimentSchema = z.strictObject({
  name: name
    .optional()
    .meta({ help: "name of the run's folder; left out, it is made of data, model and method" }),
  data: data.prefault({}).meta({ help: "the images, and the long-tailed subset that is drawn from them" }),
  model: model.prefault({}).meta({ help: "the network" }),
  method: z
    .looseObject({
      name: z.string().default("reat").meta({ help: "the training method; `reat methods` lists them" }),
    })
    .prefault({})
    .meta({ help: "the training method with its own keys; `reat methods <name>` shows them" }),
  training: training.prefault({}).meta({ help: "the loop: epochs, optimiser, checkpoints" }),
  evaluation: evaluation.prefault({}).meta({
    help: "what is measured on the last and on the best checkpoint once training is over; the budget also holds for the evaluations between epochs",
  }),
  logging: z.array(z.enum(logForms)).default([]).meta({
    help: "logs for other programs, written along with metrics.jsonl: tensorboard (event files, which Weights & Biases and MLflow import too) and csv",
  }),
  seeds: seeds.prefault({}).meta({ help: "of every stream of random numbers" }),
  device: z
    .string()
    .regex(/^(auto|cpu|cuda(:\d+)?)$/)
    .describe("auto, cpu, cuda or cuda:N")
    .default("auto")
    .meta({ help: "where tensors live: auto takes the first CUDA device where there is one" }),
  precision: z
    .enum(["auto", ...precisions])
    .default("auto")
    .meta({
      help: "how exactly networks compute in training on a GPU; auto takes tf32 there, as PyTorch's convolutions do, and float32 on a CPU",
    }),
  threads: z
    .int()
    .min(1)
    .max(1024)
    .nullable()
    .default(null)
    .meta({ help: "threads of the CPU; null takes all cores" }),
});
