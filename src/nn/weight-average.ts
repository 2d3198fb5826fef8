// An exponential moving average of a network's weights, to be measured or saved in their place.
import { ReatError } from "../errors.js";
import { keep, noGrad, scope, type Tensor } from "../tensor/index.js";
import type { Module } from "./module.js";

/**
 * A decay that grows to its value with the updates made before: min(decay, (1 + d)/(10 + d)). The first average is then nine tenths of the
 * weights after the first step, and the untrained ones are soon forgotten (TensorFlow's ExponentialMovingAverage; in adversarial training
 * Rebuffi et al. 2021, arXiv 2103.01946).
 */
export function warmedDecay(decay: number, updates: number): number {
  return Math.min(decay, (1 + updates) / (10 + updates));
}

/**
 * average ← decay·average + (1 − decay)·weight for parameters and running statistics; what counts (integers) is copied.
 * It owns its tensors and needs `dispose`.
 */
export class WeightAverage {
  readonly #module: Module;
  readonly #average: Map<string, Tensor>;

  /**
   * Starts from the weights as they are.
   * @param decay from 0 (the weights themselves) to below 1; 0.995 and 0.999 are usual
   * @param warmUp whether the decay grows to its value, see `warmedDecay`
   * @throws ReatError `config` for a decay out of its range
   */
  constructor(
    module: Module,
    readonly decay: number,
    readonly warmUp = false,
  ) {
    if (!(decay >= 0 && decay < 1)) {
      throw new ReatError("config", `A weight average's decay must be from 0 to below 1, got ${decay}.`);
    }
    this.#module = module;
    const copied = (tensor: Tensor) => scope(() => keep(tensor.detach().clone()));
    this.#average = noGrad(
      () => new Map([...module.stateDict()].map(([name, tensor]) => [name, copied(tensor)])),
    );
  }

  /** Starts anew from the weights as they are. */
  reset(): void {
    noGrad(() => {
      for (const [name, tensor] of this.#module.stateDict()) this.#average.get(name)!.copy_(tensor);
    });
  }

  /**
   * Takes the weights in, after an optimiser's step.
   * @param updates made before this one; matters to an average whose decay warms up
   */
  update(updates = 0): void {
    const decay = this.warmUp ? warmedDecay(this.decay, updates) : this.decay;
    noGrad(() => {
      for (const [name, tensor] of this.#module.stateDict()) {
        const average = this.#average.get(name)!;
        if (tensor.dtype.includes("float")) average.lerp_(tensor, 1 - decay);
        else average.copy_(tensor);
      }
    });
  }

  /** Runs `body` with the averaged weights in the network and puts the trained ones back. */
  during<T>(body: () => T): T {
    this.#swap();
    const isPromise = (value: unknown): value is Promise<unknown> => value instanceof Promise;
    let result: T;
    try {
      result = body();
    } catch (cause) {
      this.#swap();
      throw cause;
    }
    if (isPromise(result)) return result.finally(() => this.#swap()) as T;
    this.#swap();
    return result;
  }

  /** The averages under the names of the network's state dict. The tensors are the live ones. */
  state(): Map<string, Tensor> {
    return new Map(this.#average);
  }

  /** Overwrites the averages. @throws ReatError `checkpoint` naming an entry that is missing, unknown or of another shape */
  loadState(state: ReadonlyMap<string, Tensor>): void {
    for (const name of state.keys()) {
      if (!this.#average.has(name)) {
        throw new ReatError("checkpoint", `The weight average has an unknown entry ${name}.`);
      }
    }
    for (const [name, { shape }] of this.#average) {
      const given = state.get(name);
      if (given && String(given.shape) === String(shape)) continue;
      const what = given ? `has ${name} as [${given.shape}] where [${shape}] is needed` : `lacks ${name}`;
      throw new ReatError("checkpoint", `The weight average ${what}.`);
    }
    noGrad(() => {
      for (const [name, tensor] of this.#average) tensor.copy_(state.get(name) as Tensor);
    });
  }

  dispose(): void {
    for (const tensor of this.#average.values()) tensor.dispose();
  }

  #swap(): void {
    noGrad(() => {
      for (const [name, tensor] of this.#module.stateDict()) {
        const average = this.#average.get(name)!;
        scope(() => {
          const held = tensor.detach().clone();
          tensor.copy_(average);
          average.copy_(held);
        });
      }
    });
  }
}
