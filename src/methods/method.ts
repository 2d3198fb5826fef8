// What a training method is to the trainer: a step from a batch to a loss, and state that outlives an epoch.
import type { MixedLabels } from "../attacks/index.js";
import type { LossShaping } from "../losses/index.js";
import type { ImageClassifier } from "../nn/index.js";
import type { Device, Generator, Tensor } from "../tensor/index.js";

/** Augmented images [N, 3, H, W] in [0, 1] and labels int64 [N], on the model's device. */
export interface TrainingBatch {
  readonly images: Tensor;
  readonly labels: Tensor;
  /** Second labels where the images are mixtures of two (CutMix); the attack and the loss share themselves between both. */
  readonly mixed?: MixedLabels | undefined;
}

/** What the parts of a batch told each other. */
export interface WholeBatch {
  /** The rows that each part handed on, [N, …] in the order of the batch. */
  readonly rows: Tensor;
  /** int64 [N]. */
  readonly labels: Tensor;
  /** Place of the part's first image. */
  readonly from: number;
}

/** What a method works with during one step. */
export interface StepContext {
  readonly model: ImageClassifier;
  /** The attack's stream of random numbers, on the model's device. */
  readonly generator: Generator;
  /** Runs a body with the averaged weights in the model; absent or null where the training has none, or none yet. */
  readonly averaged?: (<T>(body: () => T) => T) | null;
  /** The batch is a part of a larger one: the step leaves it to the caller to have `observe` see the whole. Default: false. */
  readonly isPart?: boolean;
  /** Of a part: what needs the images of the whole batch beside each other (TAIL) is to have them, by `StepResult.shared`. Default: false. */
  readonly tailOverBatch?: boolean;
}

/** A trained network whose predictions are learnt from. It stays the caller's to dispose. */
export interface Teacher {
  /** Images [N, 3, H, W] in [0, 1] to logits [N, C], in the order of the student's classes. Called without gradients. */
  logits(images: Tensor): Tensor;
}

/** What a step hands back; all tensors pass to the caller's scope. */
export interface StepResult {
  /** Scalar [], with its graph, to be minimised. */
  readonly loss: Tensor;
  /** Logits [N, C] of the adversarial examples from the training forward pass, detached; `null` if there are none. */
  readonly adversarialLogits: Tensor | null;
  /** Logits [N, C] of the clean images, detached, where `observe` is to see those of a whole batch; absent elsewhere. */
  readonly cleanLogits?: Tensor | null;
  /** The loss's parts by name, detached scalars [], for the log. */
  readonly terms: Readonly<Record<string, Tensor>>;
  /**
   * Of a part of a batch, where weights are moved before the step (AWP): `loss` is then only what gives the direction. Once the weights
   * are moved by `gamma` along the gradient of the whole batch, `step` makes the part's step. It needs the tensors of the first.
   */
  readonly perturbed?: { readonly gamma: number; readonly step: () => StepResult };
  /**
   * Of a part of a batch, where its loss needs something of every image of the batch: `rows` [n, D] of the part's images, detached. There are no
   * gradients of this result's loss; once all rows are known, `step` makes the step. It needs the tensors of the first.
   */
  readonly shared?: { readonly rows: Tensor; readonly step: (whole: WholeBatch) => StepResult };
  /** To be called once, after the optimiser has stepped on the loss's gradients; absent where nothing is to be done. */
  readonly afterUpdate?: () => void;
}

/** Something a user should know about a configuration although it is valid. */
export interface MethodWarning {
  /** Stable name, such as "rbl-weight-cannot-act". */
  readonly name: string;
  /** One sentence: what was configured, what follows, what to choose instead. */
  readonly message: string;
}

/** What a method carries from step to step; JSON-serialisable. */
export type MethodState = Readonly<Record<string, unknown>>;

/** A way to train against adversarial examples. It owns neither loop nor optimiser nor model. */
export interface Method {
  readonly name: string;
  readonly warnings: readonly MethodWarning[];
  /**
   * Called before the first step of each epoch (counted from 1). Calling it again for an epoch that has begun, as after
   * a restore in its middle, changes nothing. @returns what the log should hold of this epoch, JSON-serialisable
   */
  beginEpoch(epoch: number): Readonly<Record<string, unknown>>;
  /**
   * How long a step does the same work on whatever images it is given, so that a GPU may repeat a recording of it: over the
   * whole run, or until the next `beginEpoch`. What changes with the epoch is then written into tensors that stay.
   * Absent: until the next `beginEpoch`.
   */
  readonly steady?: "run" | "epoch";
  /** @throws ReatError `data` or `numerics` as the attack does */
  step(batch: TrainingBatch, context: StepContext): StepResult;
  /**
   * The examples that a step would make of these images, [N, channels, H, W] in [0, 1], detached; null in an epoch that trains on clean
   * ones. Nothing but the generator moves. Absent where a method makes none that could be watched.
   * @throws as `step`
   */
  examples?(batch: TrainingBatch, context: StepContext): Tensor | null;
  /** Sees the result of a whole batch with labels [N] whose steps were made in parts. Absent where the method carries nothing from it. */
  observe?(result: StepResult, labels: Tensor): void;
  /** Everything needed to continue exactly, also in the middle of an epoch. Waits for the device. */
  state(): MethodState;
  /** @throws ReatError `checkpoint` when the state is not one of this method with these classes */
  restore(state: MethodState): void;
  /** Frees what the method owns. */
  dispose(): void;
}

/** What a method is built for. */
export interface MethodSetup {
  /** Training images of each class, label order, all ≥ 1. */
  readonly classCounts: readonly number[];
  /** For messages; without them classes are told by number. */
  readonly classNames?: readonly string[];
  readonly device: Device;
  /** Length of the training, for what is scheduled over a share of it. */
  readonly epochs?: number;
  /** For the modifier `selfTeacher`. */
  readonly teacher?: Teacher;
  /** What the modifiers lay over the recipe's loss of labels; set for the recipe, not by who asks for a method. */
  readonly shaping?: LossShaping;
}
