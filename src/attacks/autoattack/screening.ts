// A brief attack before the ensemble, which finds out which images are likely to fall. It decides their order alone.
import { Generator, noGrad, scope, type Tensor } from "../../tensor/index.js";
import { type Classifier, searched } from "../classifier.js";
import type { BallName } from "../geometry/index.js";
import { norms } from "../geometry/index.js";
import { marginObjective } from "../objective.js";
import { logitsPass } from "../passes.js";
import { pgd } from "../pgd/index.js";

/** Steps of the brief attack, and their length as a share of the radius. */
const [steps, stepShare] = [5, 0.4];

/**
 * The places of the images, those first whose margin a few steps of PGD on Carlini and Wagner's margin leave the highest. In l1, which
 * has no PGD, by the margins of the images themselves.
 */
export function screened(
  model: Classifier,
  images: Tensor,
  labels: Tensor,
  { norm, epsilon, batchSize }: { norm: BallName; epsilon: number; batchSize: number },
): number[] {
  const search = searched(model);
  const attack =
    norm === "l1"
      ? null
      : pgd({
          ...{
            norm,
            epsilon: Math.min(epsilon, norms[norm].largestEpsilon),
            steps,
            stepSize: stepShare * epsilon,
          },
          ...{ start: "none", objective: marginObjective },
        });
  const margins: number[] = [];
  for (let from = 0; from < images.shape[0]!; from += batchSize) {
    scope(() =>
      noGrad(() => {
        const part = (of: Tensor) => of.slice(0, from, Math.min(from + batchSize, images.shape[0]!));
        const [image, label] = [part(images), part(labels)];
        const point = attack ? attack.perturb(search, image, label, new Generator(0, images.device)) : image;
        margins.push(...marginObjective(logitsPass(search, point), label).toArray());
      }),
    );
  }
  return margins.map((_, place) => place).sort((a, b) => margins[b]! - margins[a]! || a - b);
}
