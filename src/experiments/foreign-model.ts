// Weights from elsewhere as a model that can be measured: network, data and budget as the caller names them.
import type { Progress } from "../data/index.js";
import { ReatError } from "../errors.js";
import { type ImageClassifier, requireImageSize } from "../nn/index.js";
import { type Device, setThreads } from "../tensor/index.js";
import {
  loadWeightsFile,
  type Normalisation,
  NormalisedInput,
  readWeightsFile,
  requireNormalisation,
} from "../weights/index.js";
import { assembleNetwork, normalisationOf } from "./assemble.js";
import { unnamedClasses } from "./class-names.js";
import { applyOverrides, type ExperimentConfig, parseConfig } from "./config/index.js";
import { type ExperimentData, loadData } from "./data.js";
import { ownDevice } from "./own-device.js";
import { asDescribed, ownDescription, requireAgreement } from "./own-export.js";

/** What must be known to use a file of weights and is not in it. */
export interface ForeignOptions {
  /** This process's number on its machine, which chooses its GPU. Default: 0. */
  readonly localRank?: number;
  /** Name that `buildModel` takes; needed where the file does not say it, as one that `reat export` wrote does. */
  readonly architecture?: string | undefined;
  /** Checked against the data's number of classes where it is given. */
  readonly classes?: number | undefined;
  /** What the network's images were normalised by in training. Default: what `model.normalise` says. */
  readonly normalisation?: Normalisation | undefined;
  /** Of the network's outputs, in their order. Default: those of a checkpoint of this project; else they are not known. */
  readonly classNames?: readonly string[] | undefined;
  /** Which state of the file, where it holds several, such as "model_ema". Default: the usual one. */
  readonly weightsKey?: string | undefined;
  /** Keys of a configuration such as `data.source=cifar10` or `evaluation.epsilon=4/255`. */
  readonly overrides?: readonly string[];
  readonly onDataProgress?: Progress | undefined;
}

/** What was loaded, for the record of a result. */
export interface ForeignWeights {
  readonly file: string;
  readonly format: string;
  readonly sha256: string;
  /** Under which key of the file they were asked for; null for the usual one. */
  readonly weightsKey: string | null;
  readonly architecture: string;
  readonly classes: number;
  /** By which the data's classes were matched; null where nothing tells them, and the data's order was taken. */
  readonly classNames: readonly string[] | null;
  readonly normalisation: Normalisation | null;
  /** Where in the file the state was, and what was done to its names. */
  readonly notes: readonly string[];
}

/** A loaded network with data to measure it on. Owns the network: dispose it, or hold it with `using`. */
export interface ForeignModel extends Disposable {
  readonly config: ExperimentConfig;
  readonly data: ExperimentData;
  readonly device: Device;
  readonly model: ImageClassifier;
  readonly weights: ForeignWeights;
}

/**
 * @param file a state dict, see `readWeightsFile`
 * @throws ReatError `usage` where neither file nor options name the network, `config` for an unknown architecture, `checkpoint` for weights of another network, `data`
 */
export async function openForeignModel(file: string, options: ForeignOptions): Promise<ForeignModel> {
  const { classes } = options;
  const configOf = (model: Readonly<Record<string, string>>) =>
    parseConfig(applyOverrides({ model }, options.overrides ?? []), "The evaluation");
  // Refused before a file is read.
  configOf(options.architecture === undefined ? {} : { architecture: options.architecture });
  // Read before the data set, so that a wrong file is refused quickly.
  const weights = await readWeightsFile(file, options.weightsKey);
  const own = ownDescription(weights);
  const architecture = options.architecture ?? own?.architecture;
  if (architecture === undefined) {
    throw new ReatError(
      "usage",
      `${file} does not say which network it is of; weights from elsewhere need --architecture.`,
    );
  }
  const config = configOf({ architecture, ...(own && { classifier: own.classifier }) });
  const asked = options.normalisation ?? normalisationOf(config);
  if (asked) requireNormalisation(asked);
  if (own) requireAgreement(file, own, { ...config.model, normalisation: asked });
  const normalisation = own ? own.normalisation : asked;
  if (config.threads !== null) setThreads(config.threads);
  const device = ownDevice(config.device, options.localRank);
  const names = options.classNames ?? weights.classNames;
  const trained = names && { names, counts: own?.classCounts ?? null, of: file };
  const data = await loadData(config, options.onDataProgress, trained);
  const known = data.dataset.classNames.length;
  if (classes !== undefined && classes !== known) {
    throw new ReatError(
      "usage",
      `${classes} classes were named, but "${data.dataset.name}" has ${known}; the data must be those that the weights were trained for.`,
    );
  }
  requireImageSize(config.model.architecture, data.dataset);
  const network = assembleNetwork(config, data, device);
  try {
    const translated = loadWeightsFile(weights, network, normalisation);
    const input = normalisation ? new NormalisedInput(network, normalisation) : network;
    const { model, notes: said } = own ? asDescribed(input, own, data.dataset) : { model: input, notes: [] };
    const { format, sha256 } = weights;
    const notes = [...weights.notes, ...said];
    return {
      ...{ config, data, device, model },
      weights: {
        ...{
          file,
          format,
          sha256,
          weightsKey: options.weightsKey ?? null,
          architecture: network.architecture,
          classes: known,
        },
        ...{ classNames: names, normalisation },
        notes: [...notes, ...translated, ...(names ? data.notes : [unnamedClasses(file, data.dataset)])],
      },
      [Symbol.dispose]: () => model.dispose(),
    };
  } catch (cause) {
    network.dispose();
    throw cause;
  }
}
