// What a run records of its data and configuration, for its report and for continuing it.
import { resolve } from "node:path";
import type { ExperimentConfig } from "./config/index.js";
import { type ExperimentData, validationImages } from "./data.js";

/** The data as the report shows it. */
export function describeData(data: ExperimentData) {
  const { dataset, subset } = data;
  return {
    name: dataset.name,
    synthetic: dataset.synthetic,
    classNames: dataset.classNames,
    imageSize: { height: dataset.height, width: dataset.width },
    trainCounts: subset.counts,
    validationImages: validationImages(data).count,
    subsetHash: subset.hash,
    ...(dataset.damaged.length > 0 && { damaged: dataset.damaged }),
    notes: dataset.notes,
  };
}

/** What must be the same in a run that is continued: all that decides its weights or which of them are kept as best. */
export function decidingSettings(
  { data: wanted, model, method, training, seeds, evaluation, precision }: ExperimentConfig,
  { dataset, subset, contentHash }: ExperimentData,
): Record<string, unknown> {
  const {
    epochs,
    evaluateEvery: _every,
    logEvery: _log,
    checkpointEvery: _save,
    dropLast,
    shards,
    reduction,
    tailOver,
    batchNorm,
    weightAverage,
    optimizer,
    decayVectors,
    observedImages,
    ...rest
  } = training;
  // A run from before these keys existed can be continued while they are not used.
  const { warmUp, ...average } = weightAverage ?? { warmUp: false };
  const deciding = {
    ...rest,
    ...(dropLast && { dropLast }),
    ...(observedImages !== null && { observedImages }),
    ...(optimizer !== "sgd" && { optimizer }),
    ...(!decayVectors && { decayVectors }),
    ...(shards > 1 && {
      ...{ shards, reduction },
      ...(tailOver !== "part" && { tailOver }),
      ...(batchNorm !== "part" && { batchNorm }),
    }),
    // What spans the whole training is something else with another number of epochs.
    ...((rest.oneCycle || rest.cosine || ("attackRamp" in method && method.attackRamp)) && { epochs }),
    ...(weightAverage && { weightAverage: { ...average, ...(warmUp && { warmUp }) } }),
  };
  const { norm, epsilon, stepSize, batchSize } = evaluation;
  const named = precision === "auto" ? {} : { precision };
  // Data may have moved to another place; what is drawn from it may not have changed.
  const source = /^synthetic(:|$)/.test(wanted.source) ? wanted.source : dataset.name;
  // The hash covers what was selected and how; runs from before the choice existed can be continued.
  const { selection: _selection, ...drawn } = wanted.subset;
  return {
    data: {
      ...{ ...readingSettings(wanted), subset: drawn, source, subsetHash: subset.hash },
      ...(contentHash && { contentHash }),
    },
    model: { ...model, ...(model.weights !== undefined && { weights: resolve(model.weights) }) },
    ...{ method, training: deciding, seeds, ...named },
    evaluation: { norm, epsilon, stepSize, batchSize },
  };
}

/** Without keys that only refuse data, and without keys at the value that older runs had implicitly. */
function readingSettings({ limits: _limits, crop, orientation, damaged, ...data }: ExperimentConfig["data"]) {
  return {
    ...data,
    ...(crop !== null && { crop }),
    ...(orientation !== "apply" && { orientation }),
    ...(damaged !== "error" && { damaged }),
  };
}
