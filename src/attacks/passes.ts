// How attacks ask a model: logits alone, or logits, objective and image gradient together, in pieces that suit the device.
import { cat, enableGrad, grad, noGrad, scope, type Tensor, zerosLike } from "../tensor/index.js";
import type { Classifier } from "./classifier.js";
import type { TargetedObjective } from "./dlr.js";

/** On the CPU the maps of much larger pieces take memory and gain nothing; a graphics card is fastest with large pieces. */
function pieceSize(images: Tensor): number {
  return images.device === "cpu" ? 128 : 1024;
}

/** oneDNN's convolutions take channels-last images without rearranging them first, which halves a forward pass. */
export function inFastLayout(images: Tensor): Tensor {
  return images.device === "cpu" && images.ndim === 4 ? images.contiguous("channelsLast") : images;
}

function pieces(count: number, size: number): [number, number][] {
  // Even pieces: 66 images are split into 33 and 33, not 64 and 2.
  const parts = Math.max(1, Math.ceil(count / size));
  return Array.from({ length: parts }, (_, i) => [
    Math.floor((i * count) / parts),
    Math.floor(((i + 1) * count) / parts),
  ]);
}

function joined(parts: readonly Tensor[]): Tensor {
  return parts.length === 1 ? parts[0]! : cat(parts);
}

/** Logits [N, C], nothing recorded. */
export function logitsPass(model: Classifier, images: Tensor): Tensor {
  return scope(() =>
    noGrad(() =>
      joined(
        pieces(images.shape[0]!, pieceSize(images)).map(([from, to]) =>
          scope(() => model.logits(inFastLayout(images.slice(0, from, to))).detach()),
        ),
      ),
    ),
  );
}

/** Logits [N, C] and the objective [N], nothing recorded. */
export function valuesPass(
  model: Classifier,
  images: Tensor,
  labels: Tensor,
  targets: Tensor,
  objective: TargetedObjective,
): Pick<GradientPass, "logits" | "values"> {
  return scope(() => {
    const logits = logitsPass(model, images);
    return { logits, values: objective(logits, labels, targets) };
  });
}

/** What one forward and backward pass gives. */
export interface GradientPass {
  readonly logits: Tensor;
  /** The objective, [N]. */
  readonly values: Tensor;
  /** Its gradient, of the images' shape. */
  readonly gradient: Tensor;
}

/**
 * Logits, objective and image gradient at `images`; no weight's gradient is computed.
 * @param repeats passes whose gradients are averaged, for models with random output (logits and values: the last pass's)
 */
export function gradientPass(
  model: Classifier,
  images: Tensor,
  labels: Tensor,
  targets: Tensor,
  objective: TargetedObjective,
  repeats = 1,
): GradientPass {
  const piece = (from: number, to: number): GradientPass =>
    scope(() => {
      const point = inFastLayout(images.slice(0, from, to))
        .detach()
        .requiresGrad_();
      const [label, target] = [labels.slice(0, from, to), targets.slice(0, from, to)];
      const [logits, values] = enableGrad(() => {
        const logits = model.logits(point);
        return [logits, objective(logits, label, target)] as const;
      });
      const [gradient] = grad(
        enableGrad(() => values.sum()),
        [point],
      ) as [Tensor];
      return { logits: logits.detach(), values: values.detach(), gradient };
    });
  return scope(() => {
    const parts = pieces(images.shape[0]!, pieceSize(images)).map(([from, to]) => {
      let last = piece(from, to);
      if (repeats > 1) {
        const total = zerosLike(last.gradient).add_(last.gradient);
        for (let repeat = 1; repeat < repeats; repeat++) {
          last = piece(from, to);
          total.add_(last.gradient);
        }
        last = { ...last, gradient: total.div_(repeats) };
      }
      return last;
    });
    return {
      logits: joined(parts.map((part) => part.logits)),
      values: joined(parts.map((part) => part.values)),
      gradient: joined(parts.map((part) => part.gradient)),
    };
  });
}
