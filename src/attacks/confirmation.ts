// Examples that were found through a model's fast logits: those that its plain logits confirm count, the others do not.
import { scope, type Tensor } from "../tensor/index.js";
import type { Classifier } from "./classifier.js";
import { logitsPass } from "./passes.js";
import { count, where } from "./running-state.js";

/**
 * Which of the claimed samples the model misclassifies without its fast logits. Without fast logits each claim is true.
 * @param points [N, channels, height, width]; @param labels int64 [N]
 * @param claimed bool [N]: the search took the point for misclassified
 * @param onUnconfirmed called with the number of claims that are not true, if there are any
 * @returns bool [N]
 */
export function confirmed(
  model: Classifier,
  points: Tensor,
  labels: Tensor,
  claimed: Tensor,
  onUnconfirmed?: (count: number) => void,
): Tensor {
  if (!model.fastLogits) return claimed;
  return scope(() => {
    const rows = where(claimed);
    if (rows.shape[0] === 0) return claimed.clone();
    const logits = logitsPass(model, points.indexSelect(0, rows));
    const wrong = logits.argmax(1).ne(labels.indexSelect(0, rows));
    const unconfirmed = rows.shape[0]! - count(wrong);
    if (unconfirmed > 0) onUnconfirmed?.(unconfirmed);
    return claimed.clone().indexCopy_(0, rows, wrong);
  });
}
