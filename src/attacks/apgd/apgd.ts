// APGD as an attack (Croce and Hein 2020): restarts, target classes, and for l1 radii that shrink to the wanted one.
import { scope, type Tensor } from "../../tensor/index.js";
import { requireWhole } from "../attack-input.js";
import type { Classifier } from "../classifier.js";
import { classOfRank, dlrObjective, type TargetedObjective, targetedDlrObjective } from "../dlr.js";
import { type BallName, lengths, projectOnL1Ball, randomStart, requireBall } from "../geometry/index.js";
import type { ImageDraws } from "../image-draws.js";
import { crossEntropyObjective } from "../objective.js";
import type { AttackObserver } from "../observer.js";
import { inFastLayout } from "../passes.js";
import { count } from "../running-state.js";
import { type StandingAttack, standingAttack } from "../standing-attack.js";
import { type ApgdRun, type ApgdRunOptions, apgdRun } from "./run.js";

/** Constants of APGD; those left out are AutoAttack's standard ones. */
export interface ApgdOptions {
  /** Default: "apgd-" and the objective; "apgd-t" for the targeted one. */
  readonly name?: string;
  readonly norm: BallName;
  /** Radius of the ball, > 0. */
  readonly epsilon: number;
  /** "targeted-dlr" moves towards each of the `targets` strongest wrong classes in turn. */
  readonly objective: "ce" | "dlr" | "targeted-dlr";
  /** Default: 100. */
  readonly steps?: number;
  /** Attempts from fresh noise; with the targeted objective, each for every target. Default: 1. */
  readonly restarts?: number;
  /** Wrong classes tried, at most classes − 1. Default: 9. */
  readonly targets?: number;
  /** Share of rising steps below which the step size is halved. Default: 0.75. */
  readonly rho?: number;
  /** Gradients averaged in each step, for models with random output. Default: 1. */
  readonly gradientRepeats?: number;
  /** Spend 3/10, 3/10 and 4/10 of the steps at 3, 2 and 1 times the radius (the l1 form of AutoAttack). Default: false. */
  readonly shrinkingRadius?: boolean;
  readonly observer?: AttackObserver;
}

const objectives: Readonly<Record<ApgdOptions["objective"], TargetedObjective>> = {
  ce: crossEntropyObjective,
  dlr: dlrObjective,
  "targeted-dlr": targetedDlrObjective,
};

/** How many steps are spent at which multiple of the radius. */
export function shrinkingStages(
  steps: number,
): readonly { readonly factor: number; readonly steps: number }[] {
  const early = Math.ceil(0.3 * steps);
  return [
    { factor: 3, steps: early },
    { factor: 2, steps: early },
    { factor: 1, steps: steps - 2 * early },
  ];
}

/**
 * APGD on standing images only: each restart and target sees those that no earlier one fooled, and a run drops an image at
 * its first success. Images that are fooled, or classified wrongly from the start, come back misclassified; the others
 * come back unchanged.
 * @throws ReatError `config` when a constant is out of its range
 */
export function apgd(options: ApgdOptions): StandingAttack {
  const { norm, epsilon, objective, steps = 100, restarts = 1, targets = 9, rho = 0.75 } = options;
  const { gradientRepeats = 1, shrinkingRadius = false, observer } = options;
  const targeted = objective === "targeted-dlr";
  const name = options.name ?? (targeted ? "apgd-t" : `apgd-${objective}`);
  requireBall(name, norm, epsilon);
  requireWhole(name, "steps", steps);
  requireWhole(name, "restarts", restarts);
  requireWhole(name, "targets", targets);
  requireWhole(name, "gradientRepeats", gradientRepeats);

  const runOptions: ApgdRunOptions = {
    ...{ ball: norm, epsilon, steps, rho, gradientRepeats, stopWhenFooled: true },
    objective: objectives[objective],
    onUnconfirmed: (found) => observer?.unconfirmed?.(found),
    onStart: (gradient) => {
      if (objective !== "ce") warnOfZeroGradients(gradient);
    },
  };

  function warnOfZeroGradients(gradient: Tensor): void {
    if (!observer?.warning) return;
    const zero = scope(() => count(lengths(gradient, "linf").eq(0)));
    if (zero === 0) return;
    const message = `${name}: the gradient of ${zero} of ${gradient.shape[0]} images is exactly zero where the attack starts.`;
    observer.warning({ name: "zero-gradient", message });
  }

  function run(
    model: Classifier,
    input: Omit<Parameters<typeof apgdRun>[1], "start">,
    draws: ImageDraws,
    onStep: (standing: number) => void,
  ): ApgdRun {
    const { images } = input;
    if (!shrinkingRadius) {
      const start = inFastLayout(randomStart(images, norm, epsilon, draws));
      return apgdRun(model, { ...input, start }, { ...runOptions, onStep });
    }
    const noise = draws.randn(images.shape.slice(1), images.dtype);
    let point = images.add(projectOnL1Ball(images, noise, 3 * epsilon));
    let found: ApgdRun | undefined;
    for (const stage of shrinkingStages(steps)) {
      const radius = stage.factor * epsilon;
      const start = projectOnL1Ball(images, point.sub(images), radius).add_(images).clamp_(0, 1);
      const stageOptions = { ...runOptions, epsilon: radius, steps: stage.steps, continued: true, onStep };
      found = apgdRun(model, { ...input, start }, { ...stageOptions, stopWhenFooled: stage.factor === 1 });
      point = found.best;
    }
    return found!;
  }

  return standingAttack({
    ...{ name, steps, observer },
    turns: (classes) => (targeted ? Math.min(targets, classes - 1) : 1) * restarts,
    begin:
      () =>
      ({ model, images, labels, clean, turn, draws, told }) => {
        const rank = 2 + Math.floor(turn / restarts);
        const aimed = { images, labels, targets: targeted ? classOfRank(clean, rank) : labels };
        let done = 0;
        const found = run(model, aimed, draws, (left) => told(++done, left));
        return { fooled: found.standing.logicalNot(), examples: found.adversarial };
      },
  });
}
