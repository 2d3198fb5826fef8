// AutoAttack on given weights and images, through convolutions in tiles or by the plain network alone.
import { autoAttack } from "reat/attacks";
import { throughTiles } from "reat/nn";
import { scope } from "reat/tensor";
import type { AutoAttackWork } from "../work.js";
import { readEvaluationFile } from "./evaluation.js";
import type { Run } from "./run.js";

const epsilon = 8 / 255;

export function prepareAutoAttack(work: AutoAttackWork): Run {
  const { model, images: bytes, labels } = readEvaluationFile(work);
  model.setMode(work.tiles ? "frozen" : "eval");
  return async () => {
    const images = scope(() => bytes.to("float32").div(255));
    const result = await autoAttack({
      ...{ images, labels, norm: "linf", epsilon, version: "standard" },
      model: work.tiles ? throughTiles(model) : model,
    });
    result.adversarial.dispose();
    images.dispose();
    const { robustAccuracy, unconfirmed } = result;
    const attacks = result.outcomes.map(({ attack, seconds }) => [attack, seconds] as const);
    const robust = Math.round(robustAccuracy * labels.shape[0]!);
    return { robust, unconfirmed, ...Object.fromEntries(attacks) };
  };
}
