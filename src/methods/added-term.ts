// A term that is added to the loss of any method: it sees logits, and perhaps those of another network on the same images.
import type { Tensor } from "../tensor/index.js";
import type { Method, StepContext, TrainingBatch } from "./method.js";

/** Logits of the training pass, with their graphs. */
export interface TermInput {
  /** [N, C] of the adversarial examples. */
  readonly adversarial: Tensor;
  /** [N, C] of the clean images: the method's own, or of one more pass in mode "train" where it made none. */
  readonly clean: () => Tensor;
  /** int64 [N] */
  readonly labels: Tensor;
}

/** ReBAT, GKL or a teacher, as `assembleMethod` uses it. */
export interface AddedTerm {
  /** Of the term in the log, and of its state. */
  readonly name: string;
  /** As a method's; called for every epoch. */
  beginEpoch?(epoch: number): void;
  /**
   * Called before the network's own passes of a step.
   * @param adversarial [N, 3, H, W]
   * @returns the term, a single number; null in a step in which there is none
   */
  prepare(
    batch: TrainingBatch,
    adversarial: Tensor,
    context: StepContext,
  ): ((input: TermInput) => Tensor) | null;
  /** Whether `observe` wants the clean logits. */
  readonly observesClean?: boolean;
  /** Sees each step's clean logits [N, C], without a graph. */
  observe?(clean: Tensor, labels: Tensor): void;
  state?: Method["state"];
  restore?: Method["restore"];
  dispose?(): void;
}
