// The weights that a configuration begins its training with, read once and told of.

import { ReatError } from "../errors.js";
import type { ImageClassifier } from "../nn/index.js";
import { loadPretrained, type Normalisation, readWeightsFile, type WeightsFile } from "../weights/index.js";
import { normalisationOf } from "./assemble.js";
import type { ExperimentConfig } from "./config/index.js";
import { ownDescription } from "./own-export.js";

/** A file that was read. */
export interface PretrainedWeights {
  /** For the run's environment: which file it was. */
  readonly record: { readonly weights: { readonly file: string; readonly sha256: string } };
  /** Overwrites a network's weights. @returns what was done, a sentence each @throws ReatError `checkpoint` or `config` where they do not fit */
  readonly into: (network: ImageClassifier) => readonly string[];
}

/**
 * Null where the configuration names no file.
 * @throws ReatError `checkpoint` for a file that cannot be read, `config` where the configuration holds back layers that would begin with
 * nothing, or normalises images otherwise than an export of this project says
 */
export async function pretrainedWeights(config: ExperimentConfig): Promise<PretrainedWeights | null> {
  const { weights, weightsKey } = config.model;
  if (weights === undefined) {
    requireNothingHeldBack(config);
    return null;
  }
  const read = await readWeightsFile(weights, weightsKey);
  requireOwnNormalisation(read, normalisationOf(config));
  return {
    record: { weights: { file: weights, sha256: read.sha256 } },
    into: (network) => [
      `The training begins with ${weights}.`,
      ...read.notes,
      ...loadPretrained(read, network, normalisationOf(config)),
    ],
  };
}

/** Layers that rest or learn slowly were meant to keep what other weights brought. */
function requireNothingHeldBack({ training }: ExperimentConfig): void {
  const { rate = 1, frozenEpochs = 0 } = training.backbone ?? {};
  if (rate === 1 && frozenEpochs === 0) return;
  throw new ReatError(
    "config",
    `The configuration fine-tunes (training.backbone has rate ${rate} and frozenEpochs ${frozenEpochs}), but names no weights to begin with; accepted: ` +
      "--weights <file> (model.weights), or, to train from nothing, --set training.backbone.rate=1 --set training.backbone.frozenEpochs=0.",
  );
}

/** What an export says of its images is as binding as a normaliser among its tensors. */
function requireOwnNormalisation(read: WeightsFile, normalisation: Normalisation | null): void {
  const own = ownDescription(read);
  if (!own || written(own.normalisation) === written(normalisation)) return;
  const accepted = own.normalisation
    ? `model.normalise=${written(own.normalisation)}`
    : "a configuration without model.normalise";
  throw new ReatError(
    "config",
    `${read.file} says that its network ${own.normalisation ? "normalises images" : "takes images as they are, in [0, 1]"}, and the training would ` +
      `${normalisation ? `normalise them by ${written(normalisation)}` : "not normalise them"}; accepted: ${accepted}.`,
  );
}

function written(normalisation: Normalisation | null): string {
  const listed = (values: readonly number[]) => `[${values.map((value) => Number(value.toPrecision(4)))}]`;
  return normalisation
    ? `{mean: ${listed(normalisation.mean)}, std: ${listed(normalisation.deviation)}}`
    : "none";
}
