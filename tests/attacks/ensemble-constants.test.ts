// The constants of the ensembles: a changed default must break a test, because it silently weakens every figure.
import { describe, expect, it } from "vitest";
import { shrinkingStages } from "../../src/attacks/apgd/apgd.js";
import { checkpointLengths } from "../../src/attacks/apgd/run.js";
import { constantsHash, ensembleConstants } from "../../src/attacks/index.js";
import { squareShare } from "../../src/attacks/square/square.js";

describe("ensembles", () => {
  it("standard is the official one", () => {
    expect(ensembleConstants("standard", "linf")).toEqual({
      attacks: ["apgd-ce", "apgd-t", "fab-t", "square"],
      apgd: { steps: 100, restarts: 1, rho: 0.75, gradientRepeats: 1, shrinkingRadius: false },
      targetedApgd: { restarts: 1, targets: 9 },
      fab: { steps: 100, restarts: 1, targets: 9, targetedRestarts: 1, alphaMax: 0.1, eta: 1.05, beta: 0.9 },
      square: { queries: 5000, restarts: 1, firstShare: 0.8, rescaledSchedule: false },
    });
    expect(ensembleConstants("standard", "l2")).toEqual(ensembleConstants("standard", "linf"));
  });

  it("standard for l1 has five restarts at shrinking radii and five targets", () => {
    const { apgd, targetedApgd } = ensembleConstants("standard", "l1");
    expect([apgd.restarts, apgd.shrinkingRadius, targetedApgd.targets]).toEqual([5, true, 5]);
    expect(shrinkingStages(100)).toEqual([
      { factor: 3, steps: 30 },
      { factor: 2, steps: 30 },
      { factor: 1, steps: 40 },
    ]);
  });

  it("plus, rand and the clone differ where they should", () => {
    const plus = ensembleConstants("plus", "linf");
    expect(plus.attacks).toEqual(["apgd-ce", "apgd-dlr", "fab", "square", "apgd-t", "fab-t"]);
    expect([plus.apgd.restarts, plus.fab.restarts, plus.fab.targetedRestarts]).toEqual([5, 5, 1]);
    const random = ensembleConstants("rand", "linf");
    expect([random.attacks, random.apgd.gradientRepeats]).toEqual([["apgd-ce", "apgd-dlr"], 20]);
    const clone = ensembleConstants("torchattacks-3.5", "linf");
    expect([clone.apgd.steps, clone.fab.steps, clone.targetedApgd.targets, clone.fab.targets]).toEqual([
      10,
      10,
      "all",
      "all",
    ]);
    expect(clone.square).toEqual({ queries: 5000, restarts: 1, firstShare: 0.8, rescaledSchedule: true });
  });

  it("have hashes that are written beside figures, and stay", () => {
    const hashes = (["standard", "plus", "rand", "torchattacks-3.5"] as const).map((name) =>
      constantsHash(ensembleConstants(name, "linf")).slice(0, 12),
    );
    expect(hashes).toEqual(["33f78ec8fb29", "3c6d87b92a75", "92dd8aabfac3", "3ee21d7da359"]);
    expect(constantsHash(ensembleConstants("standard", "l1")).slice(0, 12)).toBe("2e45dbc427aa");
    const own = ensembleConstants(["apgd-ce", "square"], "linf");
    expect(constantsHash(own)).not.toBe(constantsHash(ensembleConstants("standard", "linf")));
    const { attacks, ...rest } = ensembleConstants("standard", "linf");
    expect(constantsHash({ ...rest, attacks })).toBe(constantsHash(ensembleConstants("standard", "linf")));
  });

  it.each([
    [
      "strong",
      'The ensemble must be standard, plus, rand, torchattacks-3.5 or a list of attacks, got "strong"',
    ],
    [
      ["apgd"],
      'An ensemble of your own is a list of apgd-ce, apgd-dlr, apgd-t, fab, fab-t, square, got "apgd"',
    ],
    [
      [],
      "An ensemble of your own is a list of apgd-ce, apgd-dlr, apgd-t, fab, fab-t, square, got an empty list",
    ],
  ])("%j is refused", (version, message) => {
    expect(() => ensembleConstants(version as "plus", "linf")).toThrow(message);
  });
});

it("APGD looks at its progress as the official implementation does", () => {
  expect(checkpointLengths(100)).toEqual({ first: 22, shrink: 3, least: 6, l1: 4 });
  expect(checkpointLengths(10)).toEqual({ first: 2, shrink: 1, least: 1, l1: 1 });
});

it("Square's squares shrink at fixed queries", () => {
  const at = [0, 10, 11, 51, 201, 501, 1001, 2001, 4001, 6001, 8001];
  expect(at.map((query) => 0.8 / squareShare(0.8, query))).toEqual([
    1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512,
  ]);
});
