// The parts of a recipe that a run used, in a line: what lies around its method, and what was done to its images.
import { type Settings, setting } from "../reading/index.js";

/** Modifiers as people call them, by their keys below `method`; in the order of this list. */
const modifierNames: Readonly<Record<string, string>> = {
  weightPerturbation: "perturbed weights (AWP)",
  attackRamp: "an attack that grows",
  classBudget: "budgets by class (RobustLT)",
  cfa: "budgets by class (CFA)",
  dafa: "budgets and weights by class (DAFA)",
  labelSmoothing: "smoothed labels",
  rebat: "ReBAT",
  gkl: "GKL",
  selfTeacher: "a self-teacher",
};

/** Null where the run used none. */
export function recipeText(config: Settings): string | null {
  const parts = Object.entries(modifierNames).flatMap(([key, name]) => {
    const value = setting(config, `method.${key}`);
    return value === undefined || value === null || value === 0 ? [] : [name];
  });
  const cutMix = setting(config, "training.cutMix.second");
  if (cutMix !== undefined)
    parts.push(cutMix === "balanced" ? "CutMix, partners of all classes alike" : "CutMix");
  return parts.length === 0 ? null : parts.join(", ");
}

/** What was done to the images beside mixing them; null where the configuration does not say. */
export function augmentationText(config: Settings): string | null {
  const [augment, strong] = [
    setting(config, "training.augment"),
    setting(config, "training.strongAugmentation"),
  ];
  if (typeof augment !== "boolean") return null;
  const named = { "idbh-weak": "IDBH-weak", "idbh-strong": "IDBH-strong" }[String(strong)];
  if (named) return named;
  const resized = setting(config, "training.randomResizedCrop.scale") !== undefined;
  const own = augment ? [resized ? "random resized crop and flip" : "crop and flip"] : [];
  const before = { randaugment: "RandAugment", autoaugment: "AutoAugment" }[String(strong)];
  return [...(before ? [before] : []), ...own].join(", ") || "no augmentation";
}
