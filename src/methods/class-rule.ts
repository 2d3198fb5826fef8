// A rule that gives each class a budget of its own, and perhaps a weight in the loss, from epoch to epoch.
import type { Tensor } from "../tensor/index.js";
import type { Method } from "./method.js";

/** What a rule says of an epoch, one number for each class in label order. */
export interface ClassShares {
  /** Shares of epsilon, at least 0. */
  readonly epsilon: readonly number[];
  /** Shares of the step size; null for the whole step. */
  readonly stepSize: readonly number[] | null;
  /** Factors of a sample's loss; absent where the rule has none. */
  readonly weights?: readonly number[];
  /** Factors of the weight of a divergence, for a method that has one; absent where the rule has none. */
  readonly regularisation?: readonly number[];
}

/** RobustLT, CFA or DAFA, as `assembleMethod` uses it. */
export interface ClassRule {
  /** Of its key in a configuration, and of its state. */
  readonly name: string;
  /** Called once for each epoch, counted from 1; after a restore in an epoch's middle it is called again and says the same. */
  beginEpoch(epoch: number): ClassShares;
  /** Sees each step's adversarial logits [N, C], without a graph, and labels; what it keeps it keeps in tensors of its own. */
  observe?(adversarialLogits: Tensor, labels: Tensor): void;
  state?: Method["state"];
  restore?: Method["restore"];
  dispose?(): void;
}
