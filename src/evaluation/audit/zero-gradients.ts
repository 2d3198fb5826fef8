// Check: the loss has a gradient at the images.
import { crossEntropyObjective } from "../../attacks/index.js";
import { enableGrad, grad } from "../../tensor/index.js";
import type { AuditCheck } from "./check.js";
import { percent } from "./row.js";

/** Share of images without any gradient, and of single values, above which a model fails. */
const accepted = { images: 0.01, values: 0.1 };

export const zeroGradients: AuditCheck = {
  name: "zero-gradients",
  title: "gradients are not zero",
  source: "Athalye et al. 2018, §3.1; AutoAttack's flags (Croce and Hein 2020)",
  tells: "gradients",

  cost: () => 1,

  async run(subject) {
    const counts = await subject.each("gradients", (model, { images, labels }) => {
      const point = images.detach().requiresGrad_();
      const loss = enableGrad(() => crossEntropyObjective(model.logits(point), labels).sum());
      const zero = grad(loss, [point])[0].eq(0);
      const whole = zero.flatten(1).to("float32").mean(1).eq(1).sum().item();
      return { images: images.shape[0]!, whole, values: images.size, zero: zero.sum().item() };
    });
    const total = (key: keyof (typeof counts)[number]) => counts.reduce((sum, count) => sum + count[key], 0);
    const images = total("whole") / total("images");
    const values = total("zero") / total("values");
    const fails = images > accepted.images || values > accepted.values;
    return {
      verdict: fails ? "fail" : "pass",
      measured: { imagesWithoutGradient: images, zeroValues: values },
      threshold: `at most ${percent(accepted.images)} of the images without any gradient, ${percent(accepted.values)} of the single values exactly zero`,
      explanation: fails
        ? `Of the images ${percent(images)} have no gradient at all, of the single values ${percent(values)} are exactly zero: gradient attacks cannot move there.`
        : "The loss has a gradient at almost every pixel of almost every image.",
    };
  },
};
