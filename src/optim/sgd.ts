// Stochastic gradient descent with momentum and weight decay, with PyTorch's semantics.
import { ReatError } from "../errors.js";
import { callOperator, keep, noGrad, scope, type Tensor, zerosLike } from "../tensor/index.js";
import {
  gradientsOf,
  groupParameters,
  type ParameterGroup,
  requireGradients,
  requireSameEntries,
  restingIn,
  type SettingsOf,
} from "./parameter-groups.js";

/** Constants of `SGD`. */
export interface SgdOptions {
  /** At least 0. */
  readonly learningRate: number;
  /** From 0 to below 1. Default: 0. */
  readonly momentum?: number;
  /** Factor of the parameters that is added to their gradients. Default: 0. */
  readonly weightDecay?: number;
  /** Step along the gradient plus the new momentum. Default: false. */
  readonly nesterov?: boolean;
  /** What single parameters have of their own. Default: nothing. */
  readonly settingsOf?: SettingsOf;
}

/**
 * v ← μ·v + (g + λ·w), w ← w − η·v; with `nesterov` w ← w − η·((g + λ·w) + μ·v). The learning rate η multiplies the
 * momentum when it is applied, as in PyTorch, so changing it takes effect at once.
 */
export class SGD {
  /** η of the next step. */
  learningRate: number;
  /** μ of the next step; what began at 0 keeps no momentum and cannot change. */
  momentum: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
  /** Of the next step, from 1: it decides which parameters are frozen. */
  epoch = 1;
  readonly #groups: readonly ParameterGroup[];
  readonly #parameters: readonly Tensor[];
  readonly #names: readonly string[];
  readonly #velocities: readonly Tensor[];

  /**
   * @param parameters leaf tensors; from a map, the momentum is saved under their names, otherwise under their index
   * @throws ReatError `config` for an option out of its range
   */
  constructor(parameters: readonly Tensor[] | ReadonlyMap<string, Tensor>, options: SgdOptions) {
    const { learningRate, momentum = 0, weightDecay = 0, nesterov = false } = options;
    for (const [name, value] of Object.entries({ learningRate, momentum, weightDecay })) {
      if (!(value >= 0 && value < (name === "momentum" ? 1 : Infinity))) {
        const range = name === "momentum" ? "from 0 to below 1" : "at least 0";
        throw new ReatError("config", `SGD's ${name} must be ${range}, got ${value}.`);
      }
    }
    if (nesterov && momentum === 0) {
      throw new ReatError("config", "SGD with nesterov needs a momentum above 0.");
    }
    this.learningRate = learningRate;
    this.momentum = momentum;
    this.weightDecay = weightDecay;
    this.nesterov = nesterov;
    this.#names = Array.from(parameters.keys(), String);
    this.#parameters = [...parameters.values()];
    this.#groups = groupParameters(this.#names, this.#parameters, weightDecay, options.settingsOf);
    // Momentum starts at 0, which makes the first step's momentum its gradient, as in PyTorch.
    this.#velocities =
      momentum === 0 ? [] : noGrad(() => this.#parameters.map((tensor) => keep(zerosLike(tensor))));
  }

  /** Of each parameter, whether the steps of an epoch, from 1, leave it alone; null: none. */
  resting(epoch: number): readonly boolean[] | null {
    return restingIn(this.#groups, epoch, this.#parameters.length);
  }

  /**
   * Moves the parameters in place.
   * @param gradients one for each parameter, in their order and each of its parameter's shape [...], null for those that rest in this epoch;
   *   they are not changed
   * @throws ReatError `tensor` for more or fewer gradients than parameters, or where one of a parameter that moves is missing
   */
  step(gradients: readonly (Tensor | null)[]): void {
    requireGradients("SGD", this.#parameters.length, gradients.length);
    scope(() =>
      noGrad(() => {
        for (const group of this.#groups)
          if (this.epoch > group.frozenEpochs) this.#stepGroup(group, gradients);
      }),
    );
  }

  /** Operators on lists: one call for all parameters of a group. */
  #stepGroup({ indices, rate, weightDecay }: ParameterGroup, gradients: readonly (Tensor | null)[]): void {
    const { momentum, nesterov } = this;
    const parameters = indices.map((index) => this.#parameters[index]!);
    let direction: readonly Tensor[] = gradientsOf(indices, gradients, this.#names);
    if (weightDecay !== 0) {
      direction = callOperator("_foreach_add.List", direction, parameters, weightDecay) as Tensor[];
    }
    if (momentum !== 0) {
      const velocities = indices.map((index) => this.#velocities[index]!);
      callOperator("_foreach_mul_.Scalar", velocities, momentum);
      callOperator("_foreach_add_.List", velocities, direction, 1);
      direction = nesterov
        ? (callOperator("_foreach_add.List", direction, velocities, momentum) as Tensor[])
        : velocities;
    }
    callOperator("_foreach_add_.List", parameters, direction, -this.learningRate * rate);
  }

  /** The momentum of each parameter as "momentum.NAME"; empty without momentum. The tensors are the live ones. */
  state(): Map<string, Tensor> {
    return new Map(this.#velocities.map((tensor, index) => [`momentum.${this.#names[index]}`, tensor]));
  }

  /**
   * Overwrites the momentum.
   * @throws ReatError `checkpoint` naming an entry that is missing, unknown or of another shape; nothing is changed then
   */
  loadState(state: ReadonlyMap<string, Tensor>): void {
    const own = this.state();
    requireSameEntries(own, state);
    noGrad(() => {
      for (const [name, tensor] of own) tensor.copy_(state.get(name) as Tensor);
    });
  }

  /** Frees the momentum. */
  dispose(): void {
    for (const tensor of this.#velocities) tensor.dispose();
  }
}
