// Check: with a radius that turns any image into grey, no image stands.
import type { AuditCheck } from "./check.js";
import { share } from "./comparison.js";
import { percent } from "./row.js";

/** Every pixel may become middle grey, so nothing of the image remains. */
const radius = 0.5;
const steps = 50;
/** Together the steps go 2.5 times the radius (Madry et al. 2018). */
const reach = 2.5;
const accepted = 0.01;

export const largeEpsilon: AuditCheck = {
  name: "large-epsilon",
  title: "an attack that may do anything always succeeds",
  source: "Athalye et al. 2018, §3.1; Carlini et al. 2019",
  tells: "gradients",

  cost: () => steps,

  async run(subject) {
    const { norm, batches } = subject.options;
    const pixels =
      batches.count > 0
        ? (await subject.each("large-epsilon", (_, { images }) => images.size / images.shape[0]!))[0]!
        : 1;
    const epsilon = norm === "linf" ? radius : radius * Math.sqrt(pixels);
    const attack = subject.pgd("pgd-large-epsilon", { steps, epsilon, stepSize: (reach * epsilon) / steps });
    const left = share(await subject.under(attack, steps));
    const clean = share(await subject.clean());
    const verdict = clean === 0 ? "inconclusive" : left <= accepted ? "pass" : "fail";
    return {
      verdict,
      measured: { clean, epsilon, accuracy: left },
      threshold: `at most ${percent(accepted)} left by ${steps} steps within ${epsilon.toPrecision(3)}`,
      explanation: {
        pass: "The gradients lead out of every image's class.",
        fail: `${percent(left)} of the images stand although each could be turned into any other: the gradients do not lead there.`,
        inconclusive: "No image is classified correctly, so there is nothing to attack.",
      }[verdict],
    };
  },
};
