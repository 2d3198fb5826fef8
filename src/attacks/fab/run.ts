// One run of FAB from given points (Croce and Hein 2020): the closest misclassified image, by projecting on linearised boundaries.
import { cat, enableGrad, fullLike, grad, noGrad, scope, stack, type Tensor } from "../../tensor/index.js";
import { type Classifier, searched } from "../classifier.js";
import { confirmed } from "../confirmation.js";
import { type BallName, lengths, perSample, sampleDims } from "../geometry/index.js";
import { gradientPass, inFastLayout, logitsPass } from "../passes.js";
import { advance, allRows, isTimeToLook, type State, select, where } from "../running-state.js";
import { projectOnHyperplane } from "./hyperplane-projection.js";

/** What determines a run besides its images. */
export interface FabRunOptions {
  readonly ball: BallName;
  readonly steps: number;
  /** Most weight of the clean image's projection in a step. */
  readonly alphaMax: number;
  /** How far a step goes beyond the boundary. */
  readonly eta: number;
  /** Part of the way from the clean image that is kept after a success. */
  readonly beta: number;
  /** Drop an image as soon as a misclassified point this close is found; `null` looks for the closest. */
  readonly stopWithin: number | null;
  readonly onStep?: (standing: number) => void;
  /** Called with the number of examples that the plain network did not confirm. */
  readonly onUnconfirmed?: ((count: number) => void) | undefined;
}

export interface FabInput {
  /** Correctly classified images, their labels, and where to begin (the images, or near them). */
  readonly images: Tensor;
  readonly labels: Tensor;
  readonly start: Tensor;
  /** Class whose boundary is approached, int64 [N]; `null` takes the nearest boundary at each step. */
  readonly targets: Tensor | null;
}

/** What a run found, in the order of its images. */
export interface FabRun {
  /** The closest misclassified point, within `stopWithin` where that is set; or the clean image. */
  readonly closest: Tensor;
  /** Its distance [N]; infinite where none was found. */
  readonly distance: Tensor;
}

interface Running extends State {
  rows: Tensor;
  images: Tensor;
  labels: Tensor;
  targets: Tensor;
  point: Tensor;
  closest: Tensor;
  distance: Tensor;
}

/** A linearised boundary: how far each sample's logit difference is from zero, and its gradient. */
interface Boundary {
  readonly difference: Tensor;
  readonly gradient: Tensor;
}

function targetedBoundary(model: Classifier, { point, labels, targets }: Running): Boundary {
  const pass = gradientPass(model, point, labels, targets, (logits, label, target) =>
    logits
      .gather(1, target.unsqueeze(1))
      .sub(logits.gather(1, label.unsqueeze(1)))
      .squeeze(1),
  );
  return { difference: pass.values, gradient: pass.gradient };
}

/** Dual norms: how fast a difference can change along a perturbation of length 1. */
function steepness(gradient: Tensor, ball: BallName): Tensor {
  return lengths(gradient, ball === "linf" ? "l1" : ball === "l1" ? "linf" : "l2");
}

/** The boundary to another class that is nearest by its linearisation: one backward pass for each class. */
function nearestBoundary(model: Classifier, { point, labels }: Running, ball: BallName): Boundary {
  const at = inFastLayout(point).detach().requiresGrad_();
  const logits = enableGrad(() => model.logits(at));
  const own = logits.detach().gather(1, labels.unsqueeze(1));
  const classes = logits.shape[1]!;
  const differences = logits.detach().sub(own);
  const gradients = Array.from({ length: classes }, (_, k) => {
    const sum = enableGrad(() => logits.select(1, k).sum());
    return grad(sum, [at], { retainGraph: k < classes - 1 })[0]!;
  });
  const all = stack(gradients, 1);
  const index = labels.reshape([-1, 1, 1, 1, 1]).expand([labels.shape[0]!, 1, ...point.shape.slice(1)]);
  const relative = all.sub(all.gather(1, index));
  const flat = relative.reshape([-1, ...point.shape.slice(1)]);
  const distance = differences.abs().div(steepness(flat, ball).reshape([-1, classes]).add_(1e-12));
  const nearest = distance.scatter(1, labels.unsqueeze(1), Number.POSITIVE_INFINITY).argmin(1);
  const chosen = nearest.reshape([-1, 1, 1, 1, 1]).expand(index.shape);
  return {
    difference: differences.gather(1, nearest.unsqueeze(1)).squeeze(1),
    gradient: relative.gather(1, chosen).squeeze(1),
  };
}

/** Images whose projections are computed together on the CPU: what they need then stays in the caches. */
const projectedTogether = 32;

/** `nextOf`, piece by piece of the batch. */
function nextPoint({ point, images }: Running, boundary: Boundary, options: FabRunOptions): Tensor {
  const count = point.shape[0]!;
  if (point.device !== "cpu" || count <= projectedTogether) return nextOf(point, images, boundary, options);
  const parts: Tensor[] = [];
  for (let from = 0; from < count; from += projectedTogether) {
    const part = (of: Tensor) => of.slice(0, from, Math.min(from + projectedTogether, count));
    const { difference, gradient } = boundary;
    const piece = { difference: part(difference), gradient: part(gradient) };
    parts.push(scope(() => nextOf(part(point), part(images), piece, options)));
  }
  return cat(parts);
}

/** Projects the point and the clean image on the boundary and goes a little beyond, mostly from the point. */
function nextOf(point: Tensor, images: Tensor, boundary: Boundary, options: FabRunOptions): Tensor {
  const { ball, alphaMax, eta } = options;
  const { difference, gradient } = boundary;
  const fromPoint = projectOnHyperplane(point, gradient, difference, ball);
  const atImage = gradient.mul(images.sub(point)).sum(sampleDims(point)).add_(difference);
  const fromImage = projectOnHyperplane(images, gradient, atImage, ball);
  const [near, far] = [fromPoint, fromImage].map((d) => lengths(d, ball, true).clamp_(1e-8, null)) as [
    Tensor,
    Tensor,
  ];
  const alpha = near.div(near.add(far)).clamp_(0, alphaMax);
  const biased = images.addScaled(fromImage, eta).mul_(alpha);
  return point.addScaled(fromPoint, eta).mul_(alpha.mul(-1).add_(1)).add_(biased).clamp_(0, 1);
}

/** Runs FAB from `start`. Deterministic: all randomness is in the start. */
export function fabRun(model: Classifier, input: FabInput, options: FabRunOptions): FabRun {
  const { ball, steps, beta, stopWithin } = options;
  const search = searched(model);
  return scope(() =>
    noGrad(() => {
      const { images, labels, start, targets } = input;
      const unknown = () => fullLike(labels, 0).to(images.dtype).add(Number.POSITIVE_INFINITY);
      const result = scope(() => ({ closest: images.clone(), distance: unknown() }));
      let state: Running = scope(() => ({
        ...{ rows: allRows(images), images: images.clone(), labels: labels.clone() },
        ...{ targets: (targets ?? labels).clone(), point: start.clone() },
        ...{ closest: images.clone(), distance: unknown() },
      }));
      const settle = () =>
        scope(() => {
          result.closest.indexCopy_(0, state.rows, state.closest);
          result.distance.indexCopy_(0, state.rows, state.distance);
        });

      for (let step = 0; step < steps && state.rows.shape[0]! > 0; step++) {
        state = advance(state, (now) => {
          const boundary = scope(() =>
            targets ? targetedBoundary(search, now) : nearestBoundary(search, now, ball),
          );
          const point = scope(() => nextPoint(now, boundary, options));
          const fooled = logitsPass(search, point).argmax(1).ne(now.labels);
          const delta = point.sub(now.images);
          const distance = lengths(delta, ball);
          const counted = distance.lt(now.distance).logicalAnd(distance.le(stopWithin ?? Infinity));
          const closer = confirmed(
            model,
            point,
            now.labels,
            fooled.logicalAnd(counted),
            options.onUnconfirmed,
          );
          const pulledBack = delta.mul_(beta).add_(now.images);
          return {
            point: pulledBack.where(perSample(fooled, point), point),
            closest: point.where(perSample(closer, point), now.closest),
            distance: distance.where(closer, now.distance),
          };
        });
        if (stopWithin !== null && isTimeToLook(step, images)) {
          const open = scope(() => where(state.distance.gt(stopWithin)));
          if (open.shape[0]! < state.rows.shape[0]!) {
            settle();
            state = select(state, open);
          }
          open.dispose();
        }
        options.onStep?.(state.rows.shape[0]!);
      }
      if (state.rows.shape[0]! > 0) settle();
      return result;
    }),
  );
}
