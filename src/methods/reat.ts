// REAT (Li et al. 2023, arXiv 2307.10205): re-balanced adversarial examples, balanced loss, tail features kept apart.
import { z } from "zod";
import { fraction } from "../fraction.js";
import { lossOptions, recognitionLoss, tailRegulariser } from "../losses/index.js";
import { modifierShape } from "./assemble-method.js";
import { defineMethod } from "./method-entry.js";
import { rebalancedExamples, reweightingContradictions, reweightingShape } from "./rebalanced-examples.js";
import { trainingAttackOptions } from "./training-attack.js";

/** Options of REAT; the defaults are the authors' released code. */
export const reatOptions = z.strictObject({
  name: z.literal("reat"),
  loss: lossOptions.prefault("bsl").meta({ help: "the loss on the adversarial examples" }),
  attack: trainingAttackOptions().prefault({}).meta({ help: "how training examples are made" }),
  ...reweightingShape("rbl"),
  tail: z
    .strictObject({
      enabled: z
        .boolean()
        .default(true)
        .meta({ help: "whether the tail feature regulariser is part of the loss" }),
      form: z
        .enum(["reference", "paper"])
        .default("reference")
        .meta({ help: "reference is what the authors' code computes, paper what the text describes" }),
      lambda: fraction({ min: 0 }).default(1).meta({ help: "factor of the term" }),
      tailStart: z
        .enum(["reference", "paper"])
        .default("reference")
        .meta({ help: "where the tail classes start" }),
    })
    .prefault({})
    .meta({ help: "the regulariser that keeps the features of tail classes apart" }),
  ...modifierShape,
});
/** REAT's resolved options. */
export type ReatOptions = z.output<typeof reatOptions>;

/** The examples maximise L_RBL (section 4.1); the model minimises BSL(z_adv) + TAIL(f_adv) on them (section 4.2). */
export const reat = defineMethod<ReatOptions>({
  title: "REAT",
  schema: reatOptions,
  description: "re-balanced adversarial examples (RBL), balanced softmax, tail features kept apart (TAIL)",
  paper: "Li et al., 2023, arXiv 2307.10205",
  example: { method: { loss: "bsl", attack: { epsilon: "8/255", stepSize: "2/255" } } },
  contradictions: reweightingContradictions,
  released: {
    repository: "GuanlinLee/REAT",
    preset: "cifar10-lt-ur50-resnet18-reat",
    summary: "ResNet-18, 80 epochs, best PGD-20 accuracy on the test set",
  },
  recipe(options, setup) {
    const recognition = recognitionLoss(options.loss, setup.classCounts, "mean", setup.shaping);
    const tail = options.tail.enabled ? tailRegulariser(setup.classCounts, options.tail) : null;
    const examples = rebalancedExamples("reat", options, setup);
    return {
      ...examples,
      steady: recognition.beginEpoch ? "epoch" : "run",
      beginEpoch(epoch) {
        recognition.beginEpoch?.(epoch);
        return examples.beginEpoch(epoch);
      },
      loss({ images, labels }, adversarial, { model, tailOverBatch, whole }) {
        const features = model.features(adversarial ?? images);
        const logits = model.classify(features);
        const bsl = recognition(logits, labels);
        const terms = { recognition: bsl.detach() };
        const adversarialLogits = logits;
        if (!tail) return { loss: bsl, adversarialLogits, terms };
        if (tailOverBatch && !whole) return { loss: bsl, adversarialLogits, terms, rows: features.detach() };
        // A part's loss counts by its share of the images, and its share of this term is no mean.
        const apart = whole
          ? tail(features, labels, { ...whole, features: whole.rows }).mul(
              whole.labels.shape[0]! / labels.shape[0]!,
            )
          : tail(features, labels);
        return { loss: bsl.add(apart), adversarialLogits, terms: { ...terms, tail: apart.detach() } };
      },
    };
  },
});
