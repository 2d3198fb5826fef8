// A balanced self-teacher: a network that was trained adversarially on as many images of each class hands its predictions on.
import { z } from "zod";
import { ReatError } from "../errors.js";
import { fraction } from "../fraction.js";
import { predictionDivergence } from "../losses/index.js";
import { noGrad } from "../tensor/index.js";
import type { AddedTerm } from "./added-term.js";
import type { Teacher } from "./method.js";

/** Options of the self-teacher, around any method that makes adversarial examples. */
export const selfTeacherOptions = z.strictObject({
  run: z.string().min(1).describe("the folder of a run").default("runs/teacher").meta({
    help: "the teacher: a run of this project on the balanced subset, of the same classes; its best checkpoint, or its last where there is no best",
  }),
  weight: fraction({ above: 0 }).default(1).meta({ help: "weight α of the divergence from the teacher" }),
  temperature: fraction({ above: 0 }).default(2).meta({ help: "temperature T of both predictions" }),
  images: z.enum(["clean", "adversarial"]).default("clean").meta({
    help: "what the teacher sees: the clean images, or the student's adversarial examples",
  }),
});
/** Resolved options of the self-teacher. */
export type SelfTeacherOptions = z.output<typeof selfTeacherOptions>;

/**
 * α·T²·KL(softmax(teacher/T) ‖ softmax(z_adv/T)), the mean over the samples. After the idea of long-tailed adversarial training with
 * self-distillation (Cho et al., ICLR 2025, OpenReview vM94dZiqx4, arXiv 2503.06461), of which no code is public: this is our reading of it, without its
 * matching of gradients.
 * @throws ReatError `usage` where the setup names no teacher
 */
export function selfTeacherTerm(
  { weight, temperature, images }: Omit<SelfTeacherOptions, "run">,
  teacher: Teacher | undefined,
): AddedTerm {
  if (!teacher) {
    throw new ReatError(
      "usage",
      "A method with selfTeacher needs the teacher itself in its setup, and none was given.",
    );
  }
  return {
    name: "selfTeacher",
    prepare(batch, adversarial) {
      const logits = noGrad(() => teacher.logits(images === "clean" ? batch.images : adversarial));
      const target = logits.div(temperature);
      return (input) =>
        predictionDivergence(target, input.adversarial.div(temperature))
          .mean()
          .mul(weight * temperature ** 2);
    },
  };
}
