// One run of APGD from given points (Croce and Hein 2020): gradient steps with momentum whose size halves when progress stops.
import { fullLike, noGrad, scope, type Tensor, zerosLike } from "../../tensor/index.js";
import { type Classifier, searched } from "../classifier.js";
import { confirmed } from "../confirmation.js";
import type { TargetedObjective } from "../dlr.js";
import { type BallName, normalised, perSample, projectRadially_ } from "../geometry/index.js";
import { gradientPass, valuesPass } from "../passes.js";
import { advance, allRows, count, isTimeToLook, type State, select, where } from "../running-state.js";
import { apgdL1Step, checkL1, type L1Memory, startL1 } from "./l1-step.js";

/** What determines a run besides its images. */
export interface ApgdRunOptions {
  readonly ball: BallName;
  readonly epsilon: number;
  readonly steps: number;
  readonly objective: TargetedObjective;
  /** Share of rising steps below which the step size is halved. */
  readonly rho: number;
  /** Gradients averaged in each step, for models with random output. */
  readonly gradientRepeats: number;
  /**
   * Drop a sample at its first success. Its best point is then that of the time it was dropped. Where nothing is dropped, the model's
   * plain logits are not asked to confirm anything.
   */
  readonly stopWhenFooled: boolean;
  /** Called after each step with the number of samples still in work. */
  readonly onStep?: (standing: number) => void;
  /** Called with the gradient at the start. */
  readonly onStart?: (gradient: Tensor) => void;
  /** Called with the number of examples that the plain network did not confirm. */
  readonly onUnconfirmed?: ((count: number) => void) | undefined;
  /** l1: the start is a point found before, not noise. */
  readonly continued?: boolean;
}

/** What a run found, in the order of its images. */
export interface ApgdRun {
  /** The point with the highest objective, and that objective [N]. */
  readonly best: Tensor;
  readonly bestValue: Tensor;
  /** A misclassified point, or the start where none was found. */
  readonly adversarial: Tensor;
  /** bool [N]: no misclassified point was found. */
  readonly standing: Tensor;
}

/** Steps between two checkpoints of the progress: many at first, then fewer and fewer. */
export function checkpointLengths(steps: number) {
  const share = (part: number) => Math.max(Math.trunc(part * steps), 1);
  return { first: share(0.22), shrink: share(0.03), least: share(0.06), l1: share(0.04) };
}

interface Running extends State, L1Memory {
  rows: Tensor;
  images: Tensor;
  labels: Tensor;
  targets: Tensor;
  point: Tensor;
  previous: Tensor;
  gradient: Tensor;
  stepSize: Tensor;
  best: Tensor;
  bestGradient: Tensor;
  bestValue: Tensor;
  /** The last step's objective, and how often it rose since the last checkpoint. */
  value: Tensor;
  rises: Tensor;
  /** At the last checkpoint: best objective, and whether the step size was halved. */
  bestBefore: Tensor;
  halvedBefore: Tensor;
  standing: Tensor;
  adversarial: Tensor;
}

const momentum = 0.75;

function move(state: Running, { ball, epsilon }: ApgdRunOptions, carry: number): Tensor {
  const { images, point, previous, gradient, stepSize } = state;
  if (ball === "l1") return apgdL1Step(state, epsilon);
  const reach = perSample(stepSize, images);
  if (ball === "linf") {
    const [lowest, highest] = [images.sub(epsilon).clamp_(0, null), images.add(epsilon).clamp_(null, 1)];
    const step = gradient.sign().mul_(reach).add_(point).clampTo_(lowest, highest).sub_(point);
    return step
      .mul_(carry)
      .add_(point)
      .addScaled_(point.sub(previous), 1 - carry)
      .clampTo_(lowest, highest);
  }
  const step = projectRadially_(normalised(gradient, "l2").mul_(reach).add_(point), images, epsilon).sub_(
    point,
  );
  const next = step
    .mul_(carry)
    .add_(point)
    .addScaled_(point.sub(previous), 1 - carry);
  return projectRadially_(next, images, epsilon);
}

/** At a checkpoint of l∞ and l2: halve the step and go back to the best point where the objective did not rise enough. */
function check(state: Running, length: number, rho: number): Partial<Running> {
  const { rises, bestValue, bestBefore, halvedBefore, stepSize, images } = state;
  const oscillates = rises.le(length * rho);
  const stands = bestBefore.ge(bestValue).logicalAnd(halvedBefore.logicalNot());
  const halve = oscillates.logicalOr(stands);
  const whole = perSample(halve, images);
  return {
    stepSize: stepSize.mul(0.5).where(halve, stepSize),
    point: state.best.where(whole, state.point),
    gradient: state.bestGradient.where(whole, state.gradient),
    bestBefore: bestValue,
    halvedBefore: halve,
    rises: zerosLike(rises),
  };
}

function start(model: Classifier, given: ApgdInput, options: ApgdRunOptions): Running {
  const { images, labels, targets, start } = given;
  const { ball, epsilon, objective, gradientRepeats } = options;
  const pass = gradientPass(searched(model), start, labels, targets, objective, gradientRepeats);
  options.onStart?.(pass.gradient);
  const claimed = pass.logits.argmax(1).ne(labels);
  const judge = options.stopWhenFooled ? model : searched(model);
  const fooled = confirmed(judge, start, labels, claimed, options.onUnconfirmed);
  const { values, gradient } = pass;
  return {
    ...{ rows: allRows(images), images: images.clone(), labels: labels.clone(), targets: targets.clone() },
    ...{ point: start.clone(), previous: start.clone(), gradient },
    stepSize: fullLike(values, (ball === "l1" ? 1 : 2) * epsilon),
    ...{ best: start.clone(), bestGradient: gradient.clone(), bestValue: values },
    // AutoAttack compares the first step's objective with 0, not with the start's.
    ...{ value: zerosLike(values), rises: zerosLike(values) },
    ...{ bestBefore: values.clone(), halvedBefore: fullLike(values, 1).gt(0) },
    standing: fooled.logicalNot(),
    adversarial: start.clone(),
    ...startL1(images, start, options.continued === true),
  };
}

export interface ApgdInput {
  readonly images: Tensor;
  readonly labels: Tensor;
  /** Class to move towards, int64 [N]; the labels where the objective has no target. */
  readonly targets: Tensor;
  /** Where to begin: in the ball and in [0, 1]. */
  readonly start: Tensor;
}

/** Runs APGD from `start`. Deterministic: all randomness is in the start (and in a random model). */
export function apgdRun(model: Classifier, input: ApgdInput, options: ApgdRunOptions): ApgdRun {
  const { ball, steps, rho, objective, gradientRepeats, stopWhenFooled } = options;
  const search = searched(model);
  const judge = stopWhenFooled ? model : search;
  const lengths = checkpointLengths(steps);
  let length = ball === "l1" ? lengths.l1 : lengths.first;
  let sinceCheck = 0;

  return scope(() =>
    noGrad(() => {
      let state = scope(() => start(model, input, options));
      const result = scope(() => ({
        best: input.start.clone(),
        bestValue: state.bestValue.clone(),
        adversarial: input.start.clone(),
        standing: state.standing.clone(),
      }));
      const settle = (part: Running) =>
        scope(() => {
          for (const name of ["best", "bestValue", "adversarial", "standing"] as const) {
            result[name].indexCopy_(0, part.rows, part[name]);
          }
        });
      const dropFooled = () => {
        const standing = count(state.standing);
        if (standing === state.rows.shape[0]) return;
        settle(state);
        state = scope(() => select(state, where(state.standing)));
      };

      if (stopWhenFooled) dropFooled();
      for (let step = 0; step < steps && state.rows.shape[0]! > 0; step++) {
        state = advance(state, (now) => {
          const point = move(now, options, step === 0 ? 1 : momentum);
          // No step follows the last one, so its gradient is not needed.
          const last = step === steps - 1;
          const { logits, values, gradient } = last
            ? { ...valuesPass(search, point, now.labels, now.targets, objective), gradient: now.gradient }
            : gradientPass(search, point, now.labels, now.targets, objective, gradientRepeats);
          const claimed = logits.argmax(1).ne(now.labels).logicalAnd(now.standing);
          const fooled = confirmed(judge, point, now.labels, claimed, options.onUnconfirmed);
          const better = values.gt(now.bestValue);
          const whole = perSample(better, point);
          return {
            point,
            previous: now.point,
            gradient,
            value: values,
            rises: now.rises.add(values.gt(now.value).to(now.rises.dtype)),
            best: point.where(whole, now.best),
            bestGradient: gradient.where(whole, now.bestGradient),
            bestValue: values.maximum(now.bestValue),
            standing: now.standing.logicalAnd(fooled.logicalNot()),
            adversarial: point.where(perSample(fooled, point), now.adversarial),
          };
        });
        if (stopWhenFooled && isTimeToLook(step, input.images)) dropFooled();
        if (++sinceCheck === length) {
          state = advance(state, (now) =>
            ball === "l1" ? checkL1(now, options.epsilon) : check(now, length, rho),
          );
          sinceCheck = 0;
          if (ball !== "l1") length = Math.max(length - lengths.shrink, lengths.least);
        }
        options.onStep?.(state.rows.shape[0]!);
      }
      if (state.rows.shape[0]! > 0) settle(state);
      return result;
    }),
  );
}
