// Parameters that share a learning rate, a weight decay and a time of rest: what both optimisers step through.
import { ReatError } from "../errors.js";
import type { Tensor } from "../tensor/index.js";

/** What one parameter has of its own. */
export interface ParameterSettings {
  /** Factor of the learning rate, at least 0. Default: 1. */
  readonly rate?: number;
  /** Instead of the optimiser's, at least 0. */
  readonly weightDecay?: number;
  /** Epochs, from the first, in which the parameter and what the optimiser keeps of it stay as they are. Default: 0. */
  readonly frozenEpochs?: number;
}

/** Gives each parameter its settings, by the name it has in the network and its shape. */
export type SettingsOf = (name: string, parameter: Tensor) => ParameterSettings;

/** Parameters with equal settings. */
export interface ParameterGroup {
  readonly rate: number;
  readonly weightDecay: number;
  readonly frozenEpochs: number;
  /** Places in the order of all parameters. */
  readonly indices: readonly number[];
}

/**
 * Parameters with equal settings in one group, so that a step is a few calls for each group.
 * @throws ReatError `config` naming the parameter whose settings are out of range
 */
export function groupParameters(
  names: readonly string[],
  parameters: readonly Tensor[],
  weightDecay: number,
  settingsOf: SettingsOf = () => ({}),
): ParameterGroup[] {
  const groups = new Map<string, ParameterGroup & { readonly indices: number[] }>();
  for (const [index, name] of names.entries()) {
    const given = settingsOf(name, parameters[index]!);
    const settings = { rate: 1, weightDecay, frozenEpochs: 0, ...given };
    for (const [what, value] of Object.entries(settings)) {
      if (value >= 0 && value < Infinity) continue;
      throw new ReatError("config", `The ${what} of the parameter ${name} must be at least 0, got ${value}.`);
    }
    const key = JSON.stringify([settings.rate, settings.weightDecay, settings.frozenEpochs]);
    const group = groups.get(key);
    if (group) group.indices.push(index);
    else groups.set(key, { ...settings, indices: [index] });
  }
  return [...groups.values()];
}

/** @throws ReatError `tensor` where a step gets more or fewer gradients than there are parameters */
export function requireGradients(optimizer: string, parameters: number, gradients: number): void {
  if (gradients === parameters) return;
  throw new ReatError("tensor", `${optimizer} has ${parameters} parameters and got ${gradients} gradients.`);
}

/** Of each of `count` parameters, whether the steps of an epoch, from 1, leave it alone; null: none. */
export function restingIn(groups: readonly ParameterGroup[], epoch: number, count: number): boolean[] | null {
  const resting = new Array<boolean>(count).fill(false);
  for (const { frozenEpochs, indices } of groups) {
    if (epoch <= frozenEpochs) for (const index of indices) resting[index] = true;
  }
  return resting.includes(true) ? resting : null;
}

/** The gradients of a group that moves. @throws ReatError `tensor` naming a parameter without one */
export function gradientsOf(
  indices: readonly number[],
  gradients: readonly (Tensor | null)[],
  names: readonly string[],
): Tensor[] {
  return indices.map((index) => {
    const gradient = gradients[index];
    if (gradient) return gradient;
    throw new ReatError("tensor", `The step moves the parameter ${names[index]}, which got no gradient.`);
  });
}

/** @throws ReatError `checkpoint` naming an entry that is missing, unknown or of another shape */
export function requireSameEntries(
  own: ReadonlyMap<string, Tensor>,
  state: ReadonlyMap<string, Tensor>,
): void {
  for (const [name, { shape }] of own) {
    const given = state.get(name);
    if (given === undefined) throw new ReatError("checkpoint", `The optimiser's state lacks ${name}.`);
    if (String(given.shape) !== String(shape)) {
      throw new ReatError(
        "checkpoint",
        `The optimiser's state has ${name} as [${given.shape}] where [${shape}] is needed.`,
      );
    }
  }
  const unknown = [...state.keys()].find((name) => !own.has(name));
  if (unknown !== undefined)
    throw new ReatError("checkpoint", `The optimiser's state has an unknown entry ${unknown}.`);
}
