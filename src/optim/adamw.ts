// AdamW: Adam whose weight decay does not pass through the moments, with PyTorch's semantics.
import { ReatError } from "../errors.js";
import { callOperator, keep, noGrad, scope, type Tensor, tensor, zerosLike } from "../tensor/index.js";
import {
  gradientsOf,
  groupParameters,
  type ParameterGroup,
  requireGradients,
  requireSameEntries,
  restingIn,
  type SettingsOf,
} from "./parameter-groups.js";

/** Constants of `AdamW`. */
export interface AdamWOptions {
  /** At least 0. */
  readonly learningRate: number;
  /** Share of the mean gradient that a step keeps, from 0 to below 1. Default: 0.9. */
  readonly beta1?: number;
  /** Share of the mean squared gradient that a step keeps, from 0 to below 1. Default: 0.999. */
  readonly beta2?: number;
  /** Added to the root of the mean squared gradient, above 0. Default: 1e-8. */
  readonly eps?: number;
  /** Share of the parameters, times the learning rate, that a step takes off. Default: 0.01. */
  readonly weightDecay?: number;
  /** What single parameters have of their own. Default: nothing. */
  readonly settingsOf?: SettingsOf;
}

/**
 * Decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2, with the decay multiplied by the learning rate as PyTorch does):
 * w ← w·(1 − η·λ); m ← β₁·m + (1 − β₁)·g; s ← β₂·s + (1 − β₂)·g²; w ← w − η/(1 − β₁ᵗ) · m / (√s/√(1 − β₂ᵗ) + ε), where t counts the steps of
 * the parameter.
 */
export class AdamW {
  /** η of the next step. */
  learningRate: number;
  /** β₁ of the next step; a one-cycle schedule moves it as it moves SGD's momentum. */
  momentum: number;
  /** Of the next step, from 1: it decides which parameters are frozen. */
  epoch = 1;
  readonly #beta2: number;
  readonly #eps: number;
  readonly #groups: readonly ParameterGroup[];
  readonly #parameters: readonly Tensor[];
  readonly #names: readonly string[];
  readonly #means: readonly Tensor[];
  readonly #squares: readonly Tensor[];
  /** Steps of each parameter: float64 [P]. */
  readonly #steps: Tensor;
  /** The same numbers, which a step reads without waiting for a device. */
  #counts: number[];

  /**
   * @param parameters leaf tensors; from a map, the moments are saved under their names, otherwise under their index
   * @throws ReatError `config` for an option out of its range
   */
  constructor(parameters: readonly Tensor[] | ReadonlyMap<string, Tensor>, options: AdamWOptions) {
    const { learningRate, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0.01, settingsOf } = options;
    const share = (value: number) => value >= 0 && value < 1;
    const rules = [
      ["learningRate", learningRate, learningRate >= 0 && learningRate < Infinity, "at least 0"],
      ["beta1", beta1, share(beta1), "from 0 to below 1"],
      ["beta2", beta2, share(beta2), "from 0 to below 1"],
      ["eps", eps, eps > 0 && eps < Infinity, "above 0"],
      ["weightDecay", weightDecay, weightDecay >= 0 && weightDecay < Infinity, "at least 0"],
    ] as const;
    for (const [name, value, fits, range] of rules) {
      if (!fits) throw new ReatError("config", `AdamW's ${name} must be ${range}, got ${value}.`);
    }
    this.learningRate = learningRate;
    this.momentum = beta1;
    this.#beta2 = beta2;
    this.#eps = eps;
    this.#names = Array.from(parameters.keys(), String);
    this.#parameters = [...parameters.values()];
    this.#groups = groupParameters(this.#names, this.#parameters, weightDecay, settingsOf);
    const zeros = () => noGrad(() => this.#parameters.map((parameter) => keep(zerosLike(parameter))));
    this.#means = zeros();
    this.#squares = zeros();
    this.#counts = this.#parameters.map(() => 0);
    this.#steps = keep(tensor(Float64Array.from(this.#counts)));
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
    requireGradients("AdamW", this.#parameters.length, gradients.length);
    scope(() =>
      noGrad(() => {
        for (const group of this.#groups) {
          if (this.epoch > group.frozenEpochs) this.#stepGroup(group, gradients);
        }
      }),
    );
  }

  /** Operators on lists: a few calls for all parameters of a group. */
  #stepGroup({ indices, rate, weightDecay }: ParameterGroup, all: readonly (Tensor | null)[]): void {
    const gradients = gradientsOf(indices, all, this.#names);
    const of = (list: readonly Tensor[]) => indices.map((index) => list[index]!);
    const [parameters, means, squares] = [this.#parameters, this.#means, this.#squares].map(of) as [
      Tensor[],
      Tensor[],
      Tensor[],
    ];
    for (const index of indices) this.#counts[index]! += 1;
    const learningRate = this.learningRate * rate;
    const steps = this.#counts[indices[0]!]!;
    if (weightDecay !== 0) callOperator("_foreach_mul_.Scalar", parameters, 1 - learningRate * weightDecay);
    callOperator("_foreach_mul_.Scalar", means, this.momentum);
    callOperator("_foreach_add_.List", means, gradients, 1 - this.momentum);
    callOperator("_foreach_mul_.Scalar", squares, this.#beta2);
    callOperator("_foreach_addcmul_.Scalar", squares, gradients, gradients, 1 - this.#beta2);
    const divisors = callOperator("_foreach_sqrt", squares) as Tensor[];
    callOperator("_foreach_div_.Scalar", divisors, Math.sqrt(1 - this.#beta2 ** steps));
    callOperator("_foreach_add_.Scalar", divisors, this.#eps);
    const length = learningRate / (1 - this.momentum ** steps);
    callOperator("_foreach_addcdiv_.Scalar", parameters, means, divisors, -length);
  }

  /** Of each parameter "mean.NAME" and "square.NAME", and "steps" [P] of all. The tensors are the live ones. */
  state(): Map<string, Tensor> {
    noGrad(() => {
      using counts = tensor(Float64Array.from(this.#counts));
      this.#steps.copy_(counts);
    });
    return new Map([
      ...this.#means.map((value, index) => [`mean.${this.#names[index]}`, value] as const),
      ...this.#squares.map((value, index) => [`square.${this.#names[index]}`, value] as const),
      ["steps", this.#steps] as const,
    ]);
  }

  /**
   * Overwrites moments and steps.
   * @throws ReatError `checkpoint` naming an entry that is missing, unknown or of another shape; nothing is changed then
   */
  loadState(state: ReadonlyMap<string, Tensor>): void {
    const own = this.state();
    requireSameEntries(own, state);
    noGrad(() => {
      for (const [name, value] of own) value.copy_(state.get(name) as Tensor);
    });
    this.#counts = this.#steps.toArray();
  }

  /** Frees the moments. */
  dispose(): void {
    for (const value of [...this.#means, ...this.#squares, this.#steps]) value.dispose();
  }
}
