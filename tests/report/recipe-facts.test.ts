// What a report says of a run's recipe.
import { expect, it } from "vitest";
import { parseConfig } from "../../src/experiments/index.js";
import { augmentationText, recipeText } from "../../src/report/sections/recipe-facts.js";

/** A configuration as a run's folder holds it. */
const read = (method: object, training: object = {}) =>
  JSON.parse(JSON.stringify(parseConfig({ method: { name: "pgd-at", ...method }, training })));

it("names the parts that a run used, and none where it used none", () => {
  expect(recipeText(read({}))).toBeNull();
  expect(recipeText(read({ labelSmoothing: 0 }))).toBeNull();
  const all = { attackRamp: {}, cfa: {}, labelSmoothing: 0.1, gkl: {} };
  expect(recipeText(read(all, { cutMix: { second: "balanced" } }))).toBe(
    "an attack that grows, budgets by class (CFA), smoothed labels, GKL, CutMix, partners of all classes alike",
  );
});

it("says what was done to the images, also where another augmentation takes the place of crop and flip", () => {
  const said = (training: object) => augmentationText(read({}, training));
  expect(said({})).toBe("crop and flip");
  expect(said({ augment: false })).toBe("no augmentation");
  expect(said({ strongAugmentation: "autoaugment" })).toBe("AutoAugment, crop and flip");
  expect(said({ strongAugmentation: "autoaugment", augment: false })).toBe("AutoAugment");
  expect(said({ strongAugmentation: "idbh-weak" })).toBe("IDBH-weak");
});
