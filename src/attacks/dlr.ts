// The difference-of-logits-ratio objectives of APGD (Croce and Hein 2020): margins that do not depend on the logits' scale.
import { ReatError } from "../errors.js";
import type { Tensor } from "../tensor/index.js";

/** As `AttackObjective`, with the class to move towards beside the true one. Untargeted objectives ignore it. */
export type TargetedObjective = (logits: Tensor, labels: Tensor, targets: Tensor) => Tensor;

const tiny = 1e-12;

function ofClass(logits: Tensor, classes: Tensor): Tensor {
  return logits.gather(1, classes.unsqueeze(1)).squeeze(1);
}

function requireClasses(logits: Tensor, needed: number, name: string): void {
  if (logits.shape[1]! < needed) {
    throw new ReatError(
      "config",
      `Objective ${name} needs ${needed} classes or more, the model has ${logits.shape[1]}.`,
    );
  }
}

/**
 * −(z_y − max_{k≠y} z_k) / (z_π1 − z_π3), with z_π1 ≥ z_π2 ≥ … the sorted logits (Croce and Hein 2020).
 * @param logits [N, C]; @param labels int64 [N]
 * @returns one value for each image, [N], positive if the image is misclassified
 * @throws ReatError `config` with fewer than three classes
 */
export function dlrObjective(logits: Tensor, labels: Tensor): Tensor {
  requireClasses(logits, 3, "dlr");
  const { values, indices } = logits.topk(3, 1);
  const [first, second, third] = [0, 1, 2].map((rank) => values.select(1, rank)) as [Tensor, Tensor, Tensor];
  const strongestOther = second.where(indices.select(1, 0).eq(labels), first);
  return strongestOther.sub(ofClass(logits, labels)).div(first.sub(third).add(tiny));
}

/**
 * −(z_y − z_t) / (z_π1 − (z_π3 + z_π4)/2), with t the target class (Croce and Hein 2020).
 * @param logits [N, C]; @param labels int64 [N]; @param targets int64 [N]
 * @returns one value for each image, [N]
 * @throws ReatError `config` with fewer than four classes
 */
export function targetedDlrObjective(logits: Tensor, labels: Tensor, targets: Tensor): Tensor {
  requireClasses(logits, 4, "targeted dlr");
  const { values } = logits.topk(4, 1);
  const spread = values.select(1, 0).sub(values.select(1, 2).add(values.select(1, 3)).mul(0.5));
  return ofClass(logits, targets).sub(ofClass(logits, labels)).div(spread.add(tiny));
}

/** The class that ranks `rank`-th for each sample, 1 being the predicted one: int64 [N]. */
export function classOfRank(logits: Tensor, rank: number): Tensor {
  return logits.sort(1, true).indices.select(1, rank - 1);
}
