// Combinations of keys that are impossible, or in which a key does nothing, although each key by itself is valid.
import type { z } from "zod";
import {
  type MethodEntry,
  type MethodOptions,
  methods,
  modifierContradictions,
} from "../../methods/index.js";
import { normalisationProblem } from "../../weights/index.js";
import { fineTuningContradictions } from "./fine-tuning-contradictions.js";
import { impossibleAttacks } from "./impossible-attacks.js";
import type { Problem } from "./problems.js";
import { type experimentSchema, isNamedSource } from "./schema.js";

type Parsed = z.output<typeof experimentSchema>;

/** @param method absent where its own keys are wrong already */
export function contradictions(config: Parsed, method: MethodOptions | undefined): Problem[] {
  return [
    ...trainingContradictions(config),
    ...scheduleContradictions(config),
    ...fineTuningContradictions(config),
    ...normalisationProblems(config),
    ...impossibleAttacks(config),
    ...(method ? [...methodContradictions(config, method), ...partContradictions(config, method)] : []),
  ];
}

function normalisationProblems({ model: { normalise } }: Parsed): Problem[] {
  if (typeof normalise !== "object") return [];
  const problem = normalisationProblem({ mean: normalise.mean, deviation: normalise.std });
  return problem === null ? [] : [{ key: "model.normalise", text: `cannot be: ${problem}` }];
}

function trainingContradictions({ training, data }: Parsed): Problem[] {
  const problems: Problem[] = [];
  // Data at a path may hold validation images of its own.
  const named = isNamedSource(data.source);
  if (training.select === "validation" && data.validationPerClass === 0 && named) {
    problems.push({
      key: "training.select",
      text: "is validation, but data.validationPerClass is 0; set it to the images of each class to set aside.",
    });
  }
  const { weightAverage } = training;
  if (weightAverage && weightAverage.from > training.epochs) {
    problems.push({
      key: "training.weightAverage.from",
      text: `is ${weightAverage.from}, but training ends with epoch ${training.epochs}; accepted: an epoch of the training.`,
    });
  }
  if (!training.augment && training.strongAugmentation.startsWith("idbh")) {
    problems.push({
      key: "training.augment",
      text: `is false, but training.strongAugmentation ${training.strongAugmentation} flips and crops by itself; accepted with it: true, or training.strongAugmentation none.`,
    });
  }
  if (training.randomResizedCrop && !training.augment) {
    problems.push({
      key: "training.augment",
      text: "is false, but training.randomResizedCrop cuts windows out and flips them; accepted with it: true, or no training.randomResizedCrop.",
    });
  }
  if (training.randomResizedCrop && training.strongAugmentation.startsWith("idbh")) {
    problems.push({
      key: "training.randomResizedCrop",
      text: `cannot go with training.strongAugmentation ${training.strongAugmentation}, which crops by itself; accepted with it: none, randaugment or autoaugment.`,
    });
  }
  if (training.milestones.some((epoch, i) => i > 0 && epoch <= training.milestones[i - 1]!)) {
    problems.push({
      key: "training.milestones",
      text: `is [${training.milestones.join(", ")}]; accepted: epochs in ascending order.`,
    });
  }
  return problems;
}

const defaultMilestones = "60,75";

function scheduleContradictions({ training }: Parsed): Problem[] {
  const { oneCycle, cosine, milestones, factor, epochs, learningRate, momentum } = training;
  if (!oneCycle && !cosine) return [];
  const chosen = oneCycle ? "training.oneCycle" : "training.cosine";
  const problems: Problem[] = [];
  const add = (key: string, text: string) => problems.push({ key, text });
  if (oneCycle && cosine) {
    add("training.cosine", "is set beside training.oneCycle; accepted: one schedule of the learning rate.");
  }
  if (milestones.length > 0 && milestones.join() !== defaultMilestones) {
    add(
      "training.milestones",
      `is [${milestones.join(", ")}] beside ${chosen}, which does without; accepted with it: [] or no milestones.`,
    );
  }
  if (factor !== 0.1) {
    add("training.factor", `is ${factor} beside ${chosen}, which does without; accepted with it: no factor.`);
  }
  if (oneCycle?.momentum && oneCycle.momentum[0] > oneCycle.momentum[1]) {
    add(
      "training.oneCycle.momentum",
      `is [${oneCycle.momentum.join(", ")}]; accepted: two ascending numbers, the momentum at the peak and that at the end.`,
    );
  }
  if (oneCycle?.momentum && momentum === 0) {
    add(
      "training.oneCycle.momentum",
      "is set, but training.momentum is 0, so that there is none; accepted: a momentum above 0, or null.",
    );
  }
  if (cosine && cosine.warmUp >= epochs) {
    add("training.cosine.warmUp", `is ${cosine.warmUp}, but training has ${epochs} epochs; accepted: fewer.`);
  }
  if (cosine && cosine.floor > learningRate) {
    add(
      "training.cosine.floor",
      `is ${cosine.floor}, above the learning rate ${learningRate}; accepted: at most that.`,
    );
  }
  return problems;
}

function methodContradictions({ model, training }: Parsed, method: MethodOptions): readonly Problem[] {
  const { contradictions: own } = methods[method.name] as MethodEntry<MethodOptions>;
  return [
    ...(own?.(method, model) ?? []),
    ...modifierContradictions(method),
    ...shardContradictions(training, method),
  ];
}

/** Batches in parts. TAIL over a whole batch exchanges features by the labels that images have, which mixtures have two of. */
function shardContradictions(training: Parsed["training"], method: MethodOptions): readonly Problem[] {
  const { shards, batchSize } = training;
  if (shards > batchSize) {
    const text = `is ${shards}, and training.batchSize ${batchSize}; accepted: at most one part for each image.`;
    return [{ key: "training.shards", text }];
  }
  if (training.batchNorm === "batch" && shards === 1) {
    const text = "is batch, and training.shards is 1, so that the batch is one part; accepted: part.";
    return [{ key: "training.batchNorm", text }];
  }
  if (training.tailOver === "part") return [];
  const refused = (why: string) => [
    { key: "training.tailOver", text: `is batch, and ${why}; accepted: part.` },
  ];
  if (training.shards === 1) return refused("training.shards is 1, so that the batch is one part");
  if (method.name !== "reat" || !method.tail.enabled)
    return refused(`method ${method.name} has no TAIL here`);
  return training.cutMix ? refused("training.cutMix gives every image two labels") : [];
}

/** Modifiers that need something of the training, or more epochs than it has. */
function partContradictions({ training }: Parsed, method: MethodOptions): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (key: string, text: string) => problems.push({ key, text });
  if (method.name === "plain") return problems;
  for (const key of ["cfa", "dafa", "rebat"] as const) {
    const from = method[key]?.from ?? 0;
    if (from > training.epochs) {
      add(
        `method.${key}.from`,
        `is ${from}, but training ends with epoch ${training.epochs}; accepted: an epoch of the training.`,
      );
    }
  }
  const { weightAverage } = training;
  if (method.rebat && (!weightAverage || weightAverage.from > method.rebat.from)) {
    const since = weightAverage ? `begins with epoch ${weightAverage.from}` : "is left out";
    add(
      "method.rebat.from",
      `is ${method.rebat.from}, but training.weightAverage ${since}; accepted with it: weights averaged from that epoch or an earlier one.`,
    );
  }
  return problems;
}
