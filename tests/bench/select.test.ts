// Choosing benchmark cases by name.
import { describe, expect, it } from "vitest";
import { selectCases, UnknownCaseError } from "../../bench/select.js";

const cases = ["train/reat", "train/pgd-at", "call/add", "call/add-in-place"].map((name) => ({ name }));
const chosen = (...patterns: string[]) => selectCases(cases, patterns).map(({ name }) => name);

describe("selectCases", () => {
  it("takes all without a pattern", () => {
    expect(chosen()).toHaveLength(4);
  });

  it("takes parts of names, with * for anything, each case once and in its place", () => {
    expect(chosen("call/*place", "train")).toEqual(["train/reat", "train/pgd-at", "call/add-in-place"]);
    expect(chosen("add", "call")).toEqual(["call/add", "call/add-in-place"]);
  });

  it("takes other characters for what they are", () => {
    expect(() => chosen("c.ll")).toThrow(UnknownCaseError);
  });

  it("says what there is where a pattern has no match", () => {
    expect(() => chosen("call", "trian")).toThrow(
      'No case matches "trian": there are train, call (npm run bench -- --list names all).',
    );
  });
});
