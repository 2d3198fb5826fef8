// What a training method's own file says: which examples it trains on and what it minimises on them.
import type { SampleBudget } from "../attacks/index.js";
import type { Tensor } from "../tensor/index.js";
import type { Method, MethodSetup, StepContext, StepResult, TrainingBatch, WholeBatch } from "./method.js";

/** What a recipe works with: the step's context and the budget that a modifier gives each sample. */
export interface RecipeContext extends StepContext {
  /** Each sample's share of epsilon and step size, or null for the whole budget. */
  readonly budget: SampleBudget | null;
  /** Each sample's factor [N] of the weight of a divergence (CFA), for a method that has one; null where no modifier gives any. */
  readonly regularisation: Tensor | null;
  /** With `tailOverBatch`, in the second half of a step: the whole batch. */
  readonly whole?: WholeBatch | null;
}

/** What a recipe's loss hands back. */
export interface RecipeLoss extends Omit<StepResult, "afterUpdate"> {
  /** [N, C], as a step's, but with their graph, so that terms can be added on them. */
  readonly adversarialLogits: Tensor | null;
  /** Logits [N, C] of the clean images from the training forward pass, with their graph; absent where there was no such pass. */
  readonly cleanLogits?: Tensor;
  /** With `tailOverBatch`, in the first half of a step: rows [n, D] that every part needs of this one. */
  readonly rows?: Tensor;
}

/**
 * One training method. It sets no mode and takes no gradient of the weights: `assembleMethod` makes a `Method` of it
 * and lets the modifiers (weight perturbation, class-wise budgets) work around it.
 */
export interface Recipe
  extends Pick<Method, "warnings" | "beginEpoch" | "steady" | "state" | "restore" | "dispose"> {
  /**
   * The adversarial images of the batch, [N, channels, height, width], detached; null where the method trains on clean ones. Called in mode "train".
   * @throws ReatError `data` or `numerics` as the attack does
   */
  examples(batch: TrainingBatch, context: RecipeContext): Tensor | null;
  /** The loss on them, a scalar []. Called once or more in a step: state that it carries from call to call is updated in `observe`. */
  loss(batch: TrainingBatch, adversarial: Tensor | null, context: RecipeContext): RecipeLoss;
  /** Sees each step's final result once; its logits have no graph. */
  observe?(result: StepResult): void;
}

/** A recipe that may leave state and ownership out. */
export type RecipeParts = Omit<Recipe, "state" | "restore" | "dispose"> &
  Partial<Pick<Recipe, "state" | "restore" | "dispose">>;

/** Builds a recipe for a training set. */
export type RecipeFactory<Options> = (options: Options, setup: MethodSetup) => RecipeParts;
