// An attack that overstates fails its figure; a model that stands by hiding from the attack fails itself.
import { describe, expect, it } from "vitest";
import { figureOf, overall } from "../../../src/evaluation/audit/audit.js";
import { againstPlain } from "../../../src/evaluation/audit/overstatement.js";

/** Of 1,000 images the first so many stand. */
const standing = (count: number) => Array.from({ length: 1000 }, (_, i) => i < count);
const texts = {
  ...{ first: "pgd-20", pass: "No attack is stronger.", because: "the objective is weak" },
  threshold: (noise: string) => `at most ${noise}`,
};
const judge = (clean: number, plain: number, ...stronger: number[]) =>
  againstPlain(
    standing(clean),
    standing(plain),
    stronger.map((count, i) => ({ quote: `attack-${i}`, name: `a${i}`, standing: standing(count) })),
    texts,
  );

describe("a stronger attack", () => {
  it("fails the figure where the plain one finds most of what can be fooled", () => {
    const { verdict, quote, explanation, measured } = judge(600, 245, 240, 195, 230);
    expect(verdict).toBe("overstates");
    expect(quote).toEqual({ attack: "attack-1", accuracy: 0.195 });
    expect(explanation).toBe("attack-1 leaves 19.5 % instead of 24.5 %: the objective is weak.");
    expect(measured).toMatchObject({
      "pgd-20": 0.245,
      a0: 0.24,
      a1: 0.195,
      a2: 0.23,
      gain: expect.closeTo(0.05),
    });
  });

  it("fails the model where the plain one misses most of it, by many points", () => {
    const { verdict, quote, explanation } = judge(1000, 930, 675);
    expect(verdict).toBe("fail");
    expect(quote).toEqual({ attack: "attack-0", accuracy: 0.675 });
    expect(explanation).toContain("the plain attack finds only 21.5 %");
  });

  it("fails the figure alone where little is lost, however little the plain one finds", () => {
    expect(judge(1000, 980, 930).verdict).toBe("overstates");
  });

  it("is none within noise, and nothing is compared where no image stands", () => {
    expect(judge(600, 245, 240)).toMatchObject({ verdict: "pass", explanation: "No attack is stronger." });
    expect(judge(600, 0, 0).verdict).toBe("inconclusive");
  });
});

describe("the whole", () => {
  const gradients = ["zero-gradients", "loss-surface", "single-step", "large-epsilon", "black-box"].map(
    (name) => ({
      name,
      verdict: "pass" as const,
    }),
  );
  const scale = { name: "logit-scale", verdict: "overstates" as const };
  const quote = (attack: string, accuracy: number) => ({
    verdict: "overstates" as const,
    quote: { attack, accuracy },
  });

  it("lets a model pass whose gradients do, though the attack overstates", () => {
    expect(overall([...gradients, scale, { name: "objective", verdict: "overstates" }], true)).toBe("pass");
    expect(overall([...gradients, scale], false)).toBe("inconclusive");
  });

  it("fails a model for any sign of masked gradients, and for hiding from the attack", () => {
    expect(overall([...gradients.slice(1), { name: "zero-gradients", verdict: "fail" }], true)).toBe("fail");
    expect(overall([...gradients, { name: "logit-scale", verdict: "fail" }], true)).toBe("fail");
  });

  it("says nothing of a model whose gradients were not looked at", () => {
    expect(overall([scale], true)).toBe("inconclusive");
    expect(overall([{ name: "logit-scale", verdict: "pass" }], true)).toBe("pass");
  });

  it("quotes the strongest attack", () => {
    expect(
      figureOf([quote("pgd-100", 0.23), quote("cw-20", 0.2), quote("pgd-20 --restarts 5", 0.22)]),
    ).toEqual({
      verdict: "overstated",
      quote: { attack: "cw-20", accuracy: 0.2 },
    });
    expect(figureOf([{ verdict: "pass" }, { verdict: "inconclusive" }])).toEqual({
      verdict: "stands",
      quote: null,
    });
  });
});
