// The warning of balanced losses beside a divergence between clean and adversarial predictions.
import type { LossOptions } from "../losses/index.js";
import type { MethodWarning } from "./method.js";

/** REAT's appendix D: with balanced softmax, TRADES and MART did not converge. */
export function contradictoryLoss(method: string, loss: LossOptions): MethodWarning[] {
  const name = typeof loss === "string" ? loss : loss.name;
  if (name !== "bsl" && name !== "logit-adjustment") return [];
  return [
    {
      name: "loss-contradicts-divergence",
      message:
        `method.loss ${name} with method ${method} is known not to converge (Li et al. 2023, arXiv 2307.10205, appendix D: ` +
        "the balanced softmax and the KL divergence pull in opposite directions): choose method.loss ce, or pgd-at for a balanced loss.",
    },
  ];
}
