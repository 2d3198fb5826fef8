// Fractions as people write them in configurations.
import { describe, expect, it } from "vitest";
import { formatFraction, fraction, parseFraction } from "../src/fraction.js";

describe("fractions", () => {
  it.each([
    ["8/255", 8 / 255],
    [" 2 / 255 ", 2 / 255],
    ["0.031", 0.031],
    ["1e-3", 0.001],
    [".5", 0.5],
    ["-1/4", -0.25],
  ])("reads %o", (text, value) => {
    expect(parseFraction(text)).toBe(value);
  });

  it.each(["", "8/", "/255", "8/0", "eight", "8/255/2", "1 2", "NaN"])("does not read %o", (text) => {
    expect(parseFraction(text)).toBeNull();
  });

  it("writes grey levels and their halves as such", () => {
    const texts = ["8/255", "2/255", "2.5/255", "-0.5/255", "0", "1", "0.5", "0.1", "0.3", "0.031"];
    expect(texts.map((text) => formatFraction(parseFraction(text)!))).toEqual(texts);
  });

  it("checks the range in one sentence", () => {
    const epsilon = fraction({ min: 0, max: 1 });
    expect(epsilon.parse("8/255")).toBe(8 / 255);
    expect(epsilon.parse(0.5)).toBe(0.5);
    const message = (given: unknown) => epsilon.safeParse(given).error?.issues.map((issue) => issue.message);
    expect(message("8")).toEqual(['expected a number or a fraction such as 8/255 from 0 up to 1, got "8"']);
    expect(message(-1)).toEqual(['expected a number or a fraction such as 8/255 from 0 up to 1, got "-1"']);
    expect(message(true)).toEqual([
      'expected a number or a fraction such as 8/255 from 0 up to 1, got "true"',
    ]);
    expect(fraction({ above: 0 }).safeParse(0).error?.issues[0].message).toBe(
      'expected a number or a fraction such as 8/255 above 0, got "0"',
    );
  });
});
