// The keys of optional parts of a training: schedules that span the whole of it, windows of images, mixed images.
import { z } from "zod";
import { cutMixPartners } from "../../data/index.js";

const share = z.number().min(0).max(1);

/** A cycle of the learning rate, see `oneCycleSchedule`. */
export const oneCycle = z.strictObject({
  peakAt: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.3)
    .meta({ help: "share of the training at which the peak is reached" }),
  start: share.default(0.04).meta({ help: "rate of the first step, as a share of the peak's" }),
  end: share.default(4e-6).meta({ help: "rate of the last step, as a share of the peak's" }),
  shape: z
    .enum(["cosine", "linear"])
    .default("cosine")
    .meta({ help: "how the rate goes from one to the next" }),
  momentum: z
    .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
    .nullable()
    .default(null)
    .meta({
      help: "[low, high]: momentum that falls to low at the peak and rises to high at the end, such as [0.85, 0.95]; null keeps training.momentum",
    }),
});

/** A learning rate that falls along half a cosine, see `cosineSchedule`. */
export const cosine = z.strictObject({
  warmUp: z.int().min(0).default(0).meta({ help: "epochs in which the rate first rises" }),
  start: share
    .default(0.1)
    .meta({ help: "rate at the beginning of the warm-up, as a share of learningRate" }),
  floor: z.number().min(0).default(0).meta({ help: "rate at the end" }),
  by: z.enum(["step", "epoch"]).default("step").meta({ help: "what the rate changes with" }),
});

const ordered = ([least, greatest]: readonly [number, number]) => least <= greatest;

/** Windows of random size, see `drawResizedCrops`. */
export const resizedCrop = z.strictObject({
  scale: z
    .tuple([z.number().gt(0).max(1), z.number().gt(0).max(1)])
    .refine(ordered, { error: "must have the lesser share first" })
    .default([0.35, 1])
    .meta({
      help: "least and greatest share of an image's area; training from fresh weights often takes [0.08, 1]",
    }),
  ratio: z
    .tuple([z.number().gt(0), z.number().gt(0)])
    .refine(ordered, { error: "must have the lesser number first" })
    .default([0.75, 4 / 3])
    .meta({ help: "least and greatest width by height of a window" }),
});

/** Mixed images, see `drawCutMix`. */
export const cutMix = z.strictObject({
  probability: share.default(0.5).meta({ help: "share of the batches that are mixed" }),
  second: z.enum(cutMixPartners).default("batch").meta({
    help: "where second images come from: batch, the same batch in another order; balanced, a random class and then a random image of it (CMO)",
  }),
});
