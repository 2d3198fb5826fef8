// Which word somebody probably meant.
import { expect, it } from "vitest";
import { editDistance, nearest } from "../../src/experiments/config/nearest.js";

it("counts insertions, deletions, changes and swapped neighbours", () => {
  expect(editDistance("epochs", "epochs")).toBe(0);
  expect(editDistance("epohcs", "epochs")).toBe(1);
  expect(editDistance("epoch", "epochs")).toBe(1);
  expect(editDistance("stepsize", "stepSize")).toBe(1);
  expect(editDistance("", "abc")).toBe(3);
  expect(editDistance("kitten", "sitting")).toBe(3);
});

it("suggests what is near and nothing that is far", () => {
  expect(nearest("stepsize", ["steps", "stepSize", "start"])).toBe("stepSize");
  expect(nearest("lr", ["learningRate", "momentum", "select"])).toBeUndefined();
  expect(nearest("x", [])).toBeUndefined();
});
