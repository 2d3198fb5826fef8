// The keys of optimiser and fine-tuning: AdamW, what the backbone has of its own, what weight decay acts on.
import { z } from "zod";

const share = (value: number) => z.number().min(0).lt(1).default(value);

/** Constants of AdamW that are no learning rate and no weight decay. */
export const adamw = z.strictObject({
  beta1: share(0.9).meta({ help: "share of the mean gradient that a step keeps" }),
  beta2: share(0.999).meta({ help: "share of the mean squared gradient that a step keeps" }),
  eps: z.number().gt(0).default(1e-8).meta({ help: "added to the root of the mean squared gradient" }),
});

/** All layers but the last one. */
export const backbone = z.strictObject({
  rate: z.number().min(0).default(1).meta({
    help: "what the learning rate is multiplied by for all but the last layer",
  }),
  layerDecay: z.number().gt(0).max(1).default(1).meta({
    help: "what the learning rate is multiplied by once more with each layer towards the input; blocks are layers; 0.65 to 0.9 is usual for transformers",
  }),
  frozenEpochs: z.int().min(0).default(0).meta({
    help: "first epochs in which only the last layer learns; running statistics of batch normalisation go on following the images",
  }),
});

/** Keys of `training`. */
export const fineTuningKeys = {
  optimizer: z.enum(["sgd", "adamw"]).default("sgd").meta({
    help: "sgd, or adamw: Adam with weight decay that does not pass through its moments (Loshchilov and Hutter 2019)",
  }),
  adamw: adamw.optional().meta({ help: "AdamW's constants; left out: PyTorch's" }),
  decayVectors: z.boolean().default(true).meta({
    help: "whether weight decay also acts on parameters of one dimension, which are biases and factors of norms",
  }),
  backbone: backbone.optional().meta({
    help: "what all layers but the last have of their own, for fine-tuning; left out: nothing",
  }),
};
