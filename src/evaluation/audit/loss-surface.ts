// Check: the loss rises most along its gradient; with a grid of losses to draw.

import type { Classifier } from "../../attacks/index.js";
import { crossEntropyObjective, norms } from "../../attacks/index.js";
import {
  enableGrad,
  type Generator,
  grad,
  noGrad,
  rand,
  scope,
  stack,
  type Tensor,
} from "../../tensor/index.js";
import type { AuditCheck } from "./check.js";
import { percent } from "./row.js";
import type { AuditSubject, SubjectBatch } from "./subject.js";

/** Random directions per image that are compared with the gradient's. */
const directions = 8;
/** Share of the images on which a random direction may win. */
const accepted = 0.1;

/** Cross entropy around one image, along its gradient's ascent and a random direction of the same length. */
export interface LossSurface {
  /** Position in the images of the audit. */
  readonly image: number;
  readonly label: number;
  /** Offsets in units of epsilon, of rows (gradient) and columns (random direction) alike; 0 is the image. */
  readonly offsets: readonly number[];
  /** losses[row][column] */
  readonly losses: readonly (readonly number[])[];
}

export const lossSurfaceCheck: AuditCheck = {
  name: "loss-surface",
  title: "the loss rises most along its gradient",
  source: "Tramèr et al. 2018; Athalye et al. 2018, §3.1 (random sampling)",
  tells: "gradients",

  cost: () => 0.5 * (directions + 4),

  async run(subject) {
    const { epsilon } = subject.options;
    const wins = await subject.each("loss-surface", (model, batch) =>
      noGrad(() => {
        const { images, labels, generator } = batch;
        const at = (direction: Tensor, length: number) =>
          crossEntropyObjective(model.logits(images.addScaled(direction, length).clamp(0, 1)), labels);
        const gradient = ascentAt(subject, model, batch);
        // Any length within the radius counts: on a curved surface the end need not be the highest point.
        const along = at(gradient, epsilon)
          .maximum(at(gradient, epsilon / 2))
          .maximum(at(gradient, epsilon / 4));
        let best = at(randomDirection(subject, images, generator), epsilon);
        for (let i = 1; i < directions; i++) {
          best = best.maximum(at(randomDirection(subject, images, generator), epsilon));
        }
        return { random: best.gt(along).sum().item(), images: images.shape[0]! };
      }),
    );
    const count = wins.reduce((sum, { images }) => sum + images, 0);
    const random = wins.reduce((sum, win) => sum + win.random, 0) / count;
    const fails = random > accepted;
    return {
      verdict: fails ? "fail" : "pass",
      measured: { randomDirectionWins: random },
      threshold: `the best of ${directions} random directions wins on at most ${percent(accepted)} of the images`,
      explanation: `On ${percent(random)} of the images a random direction raises the loss more than the gradient's: ${
        fails ? "the gradient does not point uphill" : "the gradient points uphill"
      }.`,
    };
  },
};

/**
 * Losses on a grid around the first images.
 * @param images number of images, @param half points on each side of the image; the grid reaches twice epsilon
 */
export async function lossSurfaces(subject: AuditSubject, images = 4, half = 10): Promise<LossSurface[]> {
  const { epsilon } = subject.options;
  const offsets = Array.from({ length: 2 * half + 1 }, (_, i) => ((i - half) / half) * 2);
  let position = 0;
  const surfaces = await subject.each("loss surfaces", (model, batch) => {
    const wanted = Math.max(0, Math.min(images - position, batch.images.shape[0]!));
    const first = position;
    position += batch.images.shape[0]!;
    if (wanted === 0) return [];
    const few = {
      images: batch.images.slice(0, 0, wanted),
      labels: batch.labels.slice(0, 0, wanted),
      generator: batch.generator,
    };
    return noGrad(() => {
      const gradient = ascentAt(subject, model, few);
      const random = randomDirection(subject, few.images, few.generator);
      const values = offsets.map((up) =>
        offsets.map((aside) =>
          scope(() => {
            const point = few.images.addScaled(gradient, up * epsilon).addScaled(random, aside * epsilon);
            return crossEntropyObjective(model.logits(point.clamp(0, 1)), few.labels);
          }),
        ),
      );
      const flat = stack(values.flat()).t().contiguous().toArray();
      const side = offsets.length;
      const labels = few.labels.toArray();
      return labels.map(
        (label, i): LossSurface => ({
          image: first + i,
          label,
          offsets,
          losses: offsets.map((_, row) => flat.slice((i * side + row) * side, (i * side + row + 1) * side)),
        }),
      );
    });
  });
  return surfaces.flat();
}

function ascentAt(subject: AuditSubject, model: Classifier, { images, labels }: SubjectBatch): Tensor {
  const point = images.detach().requiresGrad_();
  const loss = enableGrad(() => crossEntropyObjective(model.logits(point), labels).sum());
  return norms[subject.options.norm].ascent(grad(loss, [point])[0]);
}

/** A random direction as long as the gradient's: a sign for each pixel, or a unit vector. */
function randomDirection(subject: AuditSubject, images: Tensor, generator: Generator): Tensor {
  return norms[subject.options.norm].ascent(rand(images.shape, generator, images.dtype).sub(0.5));
}
