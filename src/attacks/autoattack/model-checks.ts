// Checks a model before AutoAttack runs: signs that the ensemble's figure would say little about it.
import { ReatError } from "../../errors.js";
import { inferenceMode, noGrad, scope, type Tensor } from "../../tensor/index.js";
import type { Classifier } from "../classifier.js";
import type { AttackWarning } from "../observer.js";
import { logitsPass } from "../passes.js";
import type { EnsembleConstants } from "./constants.js";
import { memberEntry } from "./members.js";
import type { AttackOutcome } from "./state.js";

const repeats = 5;
/** Largest distance between two normalised outputs of one image that still counts as the same. */
const sameOutput = 1e-4;
const probabilityTolerance = 1e-5;

/** Outputs of one batch that differ from call to call. */
export function checkRandomness(model: Classifier, images: Tensor, labels: Tensor): AttackWarning[] {
  return scope(() => {
    const outputs = Array.from({ length: repeats }, () => logitsPass(model, images));
    const correct = outputs.map((logits) => logits.argmax(1).eq(labels).sum().item());
    const units = outputs.map((logits) => logits.div(logits.norm(2, 1, true).add(1e-10)));
    let furthest = 0;
    for (let i = 0; i < repeats; i++) {
      for (let j = i + 1; j < repeats; j++) {
        furthest = Math.max(furthest, units[i]!.sub(units[j]!).norm(2, 1).amax().item());
      }
    }
    if (furthest <= sameOutput && new Set(correct).size === 1) return [];
    const message = `Outputs of the same images differ by up to ${furthest.toPrecision(3)} between ${repeats} calls; the ensemble "rand" is made for such models.`;
    return [{ name: "randomised-output" as const, message }];
  });
}

/** Outputs that sum to 1 and lie in [0, 1]: a softmax was applied where logits are needed. */
export function checkRange(logits: Tensor): AttackWarning[] {
  return scope(() => {
    const inside =
      logits.amax().item() < 1 + probabilityTolerance && logits.amin().item() > -probabilityTolerance;
    const sums = logits.sum(1).sub(1).abs().amax().item() < probabilityTolerance;
    if (!inside || !sums) return [];
    const message = "The model's outputs are probabilities; gradient attacks need its logits.";
    return [{ name: "probabilities-not-logits" as const, message }];
  });
}

/** A model that takes gradients itself fails where none can be recorded. */
export function checkInference(model: Classifier, images: Tensor): AttackWarning[] {
  try {
    scope(() =>
      inferenceMode(() =>
        model
          .logits(images.slice(0, 0, 1))
          .sum()
          .item(),
      ),
    );
    return [];
  } catch (cause) {
    scope(() =>
      noGrad(() =>
        model
          .logits(images.slice(0, 0, 1))
          .sum()
          .item(),
      ),
    );
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `The model cannot be evaluated without gradients (${why}): it seems to optimise at inference.`;
    return [{ name: "optimisation-at-inference", message }];
  }
}

/** @throws ReatError `config` before any attack runs where the objective of one needs more classes */
export function requireClasses(classes: number, { attacks }: EnsembleConstants): void {
  for (const name of attacks) {
    const { leastClasses } = memberEntry(name);
    if (classes >= leastClasses) continue;
    const others = attacks.filter((other) => memberEntry(other).leastClasses <= classes);
    throw new ReatError(
      "config",
      `The ensemble's ${name} needs ${leastClasses} classes, the model has ${classes}${others.length > 0 ? `; without it: ${others.join(", ")}` : ""}.`,
    );
  }
}

/** Attacks of the ensemble that the number of classes cuts short. */
export function checkClasses(classes: number, constants: EnsembleConstants): AttackWarning[] {
  const warn = (message: string): AttackWarning[] => [{ name: "too-few-classes", message }];
  const { attacks, targetedApgd, fab } = constants;
  return attacks.flatMap((name) => {
    const targets = name === "apgd-t" ? targetedApgd.targets : name === "fab-t" ? fab.targets : 0;
    if (targets === "all" || targets < classes) return [];
    return warn(
      `${name} is set to ${targets} target classes; the model has ${classes - 1} wrong ones, and these are used.`,
    );
  });
}

/** A black-box attack that goes further than all white-box ones is a sign of masked gradients; 0.2 points is AutoAttack's limit. */
export function checkSquare(outcomes: readonly AttackOutcome[], count: number): AttackWarning[] {
  const after = outcomes.find((outcome) => outcome.attack === "square");
  const others = outcomes.filter((outcome) => outcome.attack !== "square");
  if (!after || others.length === 0) return [];
  const fooled = Math.min(...others.map((outcome) => outcome.standing)) - after.standing;
  if (fooled <= 0.002 * count) return [];
  const message = `Square, which uses no gradients, fooled ${fooled} of ${count} images that no other attack had fooled.`;
  return [{ name: "square-stronger", message }];
}
