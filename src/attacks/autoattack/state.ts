// The position of an AutoAttack run: small, plain JSON, enough to continue after a kill without attacking any image twice.
import { ReatError } from "../../errors.js";

/** What one finished attack of the ensemble left. */
export interface AttackOutcome {
  readonly attack: string;
  /** Images still classified correctly after it, of all images; and that as a fraction. */
  readonly standing: number;
  readonly accuracy: number;
  /** Images that stood when it began. */
  readonly attacked: number;
  readonly seconds: number;
  /** Examples that were found through the model's fast logits and not confirmed by its plain ones. */
  readonly unconfirmed: number;
  /** One character per image, "1" where it stands. */
  readonly robust: string;
}

/** A position in a run, written after each batch. Image flags are strings of 0 and 1, one character an image. */
export interface AutoAttackState {
  /** Of the constants, norm, radius and seed: a state only continues the run it came from. */
  readonly fingerprint: string;
  readonly images: number;
  /** Classified correctly before any attack. */
  readonly clean: string;
  /** Not yet fooled. */
  readonly robust: string;
  readonly finished: readonly AttackOutcome[];
  /** The attack in work: how many of the images that stood at its start were attacked, in their order. */
  readonly current: {
    readonly attack: string;
    readonly done: number;
    readonly seconds: number;
    readonly unconfirmed: number;
  } | null;
  /** What a screening found: the images' places in the order in which they are attacked. */
  readonly order?: readonly number[];
}

/** @throws ReatError `checkpoint` when the state belongs to another run */
export function requireSameRun(state: AutoAttackState, fingerprint: string, images: number): void {
  if (state.fingerprint !== fingerprint || state.images !== images) {
    throw new ReatError(
      "checkpoint",
      `The saved state is of another AutoAttack run (${state.images} images, fingerprint ${state.fingerprint}); ` +
        `this one has ${images} images and fingerprint ${fingerprint}.`,
    );
  }
}
