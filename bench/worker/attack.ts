// Attack steps alone, made as training makes them.
import { buildModel, Generator, pgd, rand, scope } from "reat";
import { keep, randint } from "reat/tensor";
import type { AttackWork } from "../work.js";
import type { Run } from "./run.js";

export function prepareAttack({
  model: architecture,
  classes,
  side = 32,
  batchSize,
  attackSteps,
}: AttackWork): Run {
  const model = buildModel(architecture, { classes, generator: new Generator(0) });
  const generator = new Generator(1);
  const images = keep(rand([batchSize, 3, side, side], generator));
  const labels = keep(randint(0, classes, [batchSize], generator));
  const attack = pgd({ norm: "linf", epsilon: 8 / 255, stepSize: 2 / 255, steps: attackSteps });
  return () => {
    scope(() => {
      model.withMode("fast", () => attack.perturb(model, images, labels, generator));
    });
    return {};
  };
}
