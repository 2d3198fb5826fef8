// Estimates how far an AutoAttack run is and how long it may still take, from the passes made and those still possible.
import type {
  AttackProgress,
  AutoAttackState,
  EnsembleAttackName,
  EnsembleConstants,
} from "../attacks/index.js";

/** A forward pass with its backward pass costs about as much as three forward passes. */
const withGradient = 3;

/** Work of an attack on an image that no attack fools, in forward passes. */
export function workPerImage(
  attack: EnsembleAttackName,
  { apgd, targetedApgd, fab, square }: EnsembleConstants,
  classes: number,
): number {
  const count = (targets: number | "all") =>
    targets === "all" ? classes - 1 : Math.min(targets, classes - 1);
  const step = withGradient * apgd.gradientRepeats;
  switch (attack) {
    case "apgd-ce":
    case "apgd-dlr":
      return apgd.restarts * apgd.steps * step;
    case "apgd-t":
      return targetedApgd.restarts * count(targetedApgd.targets) * apgd.steps * step;
    case "fab":
      return fab.restarts * fab.steps * withGradient;
    case "fab-t":
      return fab.targetedRestarts * count(fab.targets) * fab.steps * withGradient;
    case "square":
      return square.restarts * square.queries;
  }
}

/** Time and work of one run; the speed is that of this process alone. */
export class EnsembleClock {
  /** The attack in work. */
  attack: string;
  readonly #began = performance.now();
  readonly #constants: EnsembleConstants;
  readonly #work: readonly number[];
  #place = 0;
  /** Images that stood at the start of the attack in work, those that stand, those it has been through. */
  #standing: number;
  #left: number;
  #through = 0;
  /** Share of the running batch's passes that are made. */
  #within = 0;
  /** Images of the last batch, to weigh `within` by. */
  #inBatch = 0;
  /** Work before this process began. */
  #before = 0;

  constructor(constants: EnsembleConstants, classes: number, images: number) {
    this.#constants = constants;
    this.#work = constants.attacks.map((attack) => workPerImage(attack, constants, classes));
    this.#standing = images;
    this.#left = images;
    this.attack = constants.attacks[0]!;
  }

  /** Starts from a saved state, whose work was not done in this process. */
  resume(state: AutoAttackState): void {
    this.at(state);
    this.#before = this.#done();
  }

  /** Takes over where the run is. */
  at(state: AutoAttackState): void {
    this.#place = state.finished.length;
    this.attack = this.#constants.attacks[Math.min(this.#place, this.#work.length - 1)]!;
    this.#left = [...state.robust].filter((flag) => flag === "1").length;
    const atStart = state.finished.at(-1)?.robust ?? state.clean;
    this.#standing = [...atStart].filter((flag) => flag === "1").length;
    this.#through = state.current?.done ?? 0;
    this.#within = 0;
  }

  /** A pass within the running batch. */
  step({ attack, done, total, standing }: AttackProgress): void {
    this.attack = attack;
    this.#within = total > 0 ? Math.min(1, done / total) : 0;
    this.#inBatch = Math.max(standing, done <= 1 ? 0 : this.#inBatch);
  }

  #done(): number {
    let done = 0;
    for (let i = 0; i < this.#place; i++) done += this.#work[i]! * this.#standing;
    const images = this.#through + this.#within * this.#inBatch;
    return done + (this.#work[this.#place] ?? 0) * Math.min(images, this.#standing);
  }

  #ahead(): number {
    const images = this.#standing - this.#through - this.#within * this.#inBatch;
    let ahead = (this.#work[this.#place] ?? 0) * Math.max(0, images);
    for (let i = this.#place + 1; i < this.#work.length; i++) ahead += this.#work[i]! * this.#left;
    return ahead;
  }

  /** In thousandths of the work; images that are fooled early make it shorter than estimated. */
  progress(): { done: number; total: number; secondsLeft: number | null } {
    const [done, ahead] = [this.#done(), this.#ahead()];
    const here = done - this.#before;
    const seconds = (performance.now() - this.#began) / 1000;
    return {
      done: Math.floor((1000 * done) / Math.max(done + ahead, 1)),
      total: 1000,
      secondsLeft: here > 0 ? (seconds / here) * ahead : null,
    };
  }
}
