// The configured optimiser of a network, with the rates, decays and times of rest of its layers.
import type { ImageClassifier } from "../nn/index.js";
import { AdamW, type ParameterSettings, type SettingsOf, SGD } from "../optim/index.js";
import type { ExperimentConfig } from "./config/index.js";

type Training = ExperimentConfig["training"];

/** The caller disposes it. */
export function optimiserOf(model: ImageClassifier, training: Training): SGD | AdamW {
  const { optimizer, learningRate, momentum, weightDecay, nesterov, adamw } = training;
  const settingsOf = parameterSettings(model, training);
  return optimizer === "adamw"
    ? new AdamW(model.namedParameters(), { learningRate, weightDecay, ...adamw, settingsOf })
    : new SGD(model.namedParameters(), { learningRate, momentum, weightDecay, nesterov, settingsOf });
}

/**
 * The last layer has the learning rate as it is; the layer i of n before it has `rate`·`layerDecay`^(n − i) of it, i from 0 at the input
 * (Clark et al. 2020, ELECTRA; Bao et al. 2022, BEiT).
 */
export function parameterSettings(
  model: ImageClassifier,
  { backbone, decayVectors }: Pick<Training, "backbone" | "decayVectors">,
): SettingsOf {
  const { rate = 1, layerDecay = 1, frozenEpochs = 0 } = backbone ?? {};
  const isHead = (name: string) => name.startsWith(`${model.headName}.`);
  const below = [...model.namedParameters().keys()].filter((name) => !isHead(name));
  const layers = [...new Set(below.map((name) => model.layerOf(name)))];
  return (name, parameter): ParameterSettings => {
    const undecayed = !decayVectors && parameter.ndim <= 1 && { weightDecay: 0 };
    if (isHead(name)) return { ...undecayed };
    const depth = layers.length - layers.indexOf(model.layerOf(name));
    return { ...undecayed, rate: rate * layerDecay ** depth, frozenEpochs };
  };
}
