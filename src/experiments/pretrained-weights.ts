// The weights that a configuration begins its training with, read once and told of.
import type { ImageClassifier } from "../nn/index.js";
import { loadPretrained, readWeightsFile } from "../weights/index.js";
import { normalisationOf } from "./assemble.js";
import type { ExperimentConfig } from "./config/index.js";

/** A file that was read. */
export interface PretrainedWeights {
  /** For the run's environment: which file it was. */
  readonly record: { readonly weights: { readonly file: string; readonly sha256: string } };
  /** Overwrites a network's weights. @returns what was done, a sentence each @throws ReatError `checkpoint` or `config` where they do not fit */
  readonly into: (network: ImageClassifier) => readonly string[];
}

/** Null where the configuration names no file. @throws ReatError `checkpoint` for a file that cannot be read */
export async function pretrainedWeights(config: ExperimentConfig): Promise<PretrainedWeights | null> {
  const { weights, weightsKey } = config.model;
  if (weights === undefined) return null;
  const read = await readWeightsFile(weights, weightsKey);
  return {
    record: { weights: { file: weights, sha256: read.sha256 } },
    into: (network) => [
      `The training begins with ${weights}.`,
      ...read.notes,
      ...loadPretrained(read, network, normalisationOf(config)),
    ],
  };
}
