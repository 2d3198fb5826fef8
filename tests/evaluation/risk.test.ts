// Natural and boundary risk on made predictions: the identities, and Theorem 1 where its assumption holds and where not.
import { describe, expect, it } from "vitest";
import { accuracyReport, orderSentence, riskNames, riskReport } from "../../src/evaluation/index.js";

/** Right answers by class of so many images each. */
function clean(right: readonly number[], images = 100) {
  const confusion = right.map((count, y) => {
    const row = right.map(() => 0);
    row[y] = count;
    row[(y + 1) % right.length]! += images - count;
    return row;
  });
  return accuracyReport(
    confusion,
    right.map(() => "body"),
  );
}

const sizes = [500, 100, 20];

describe("risk", () => {
  it("is clean errors plus images lost to the attack, by class and in both means", () => {
    const report = riskReport(clean([90, 70, 40]), [20, 30, 10], sizes);
    expect(report.perClass.map((risk) => risk!.natural)).toEqual([0.1, 0.3, 0.6]);
    expect(report.perClass.map((risk) => risk!.boundary)).toEqual([0.2, 0.3, 0.1]);
    for (const risk of [...report.perClass, report.mean, report.weighted]) {
      expect(risk!.robust).toBeCloseTo(risk!.natural + risk!.boundary, 12);
    }
    expect(report.mean.natural).toBeCloseTo(1 / 3, 12);
    expect(report.weighted.natural).toBeCloseTo((500 * 0.1 + 100 * 0.3 + 20 * 0.6) / 620, 12);
    expect(report.weighted.boundary).toBeCloseTo((500 * 0.2 + 100 * 0.3 + 20 * 0.1) / 620, 12);
  });

  it("orders the two means where larger classes err less", () => {
    const { order, mean, weighted } = riskReport(clean([90, 70, 40]), [10, 20, 25], sizes);
    for (const name of riskNames) {
      expect(order[name]).toEqual({ assumption: true, against: [], pairs: 3, bound: true });
      expect(mean[name]).toBeGreaterThan(weighted[name]);
    }
    expect(orderSentence("robust", order.robust)).toContain("the assumption holds");
  });

  it("says where the assumption fails, and that the bound fails with it", () => {
    // Boundary risk can be largest in the head, because the tail is wrong already when clean.
    const { order, mean, weighted } = riskReport(clean([90, 70, 40]), [50, 20, 5], sizes);
    expect(order.natural.assumption).toBe(true);
    expect(order.boundary).toEqual({
      assumption: false,
      against: [
        [0, 1],
        [0, 2],
        [1, 2],
      ],
      pairs: 3,
      bound: false,
    });
    expect(mean.boundary).toBeLessThan(weighted.boundary);
    expect(orderSentence("boundary", order.boundary)).toContain("3 of 3 pairs");
  });

  it("knows that the bound may hold without the assumption", () => {
    const { order } = riskReport(clean([90, 40, 70]), [0, 0, 0], sizes);
    expect(order.natural).toEqual({ assumption: false, against: [[1, 2]], pairs: 3, bound: true });
  });

  it("never finds the assumption without the bound, over many made predictions", () => {
    let held = 0;
    let state = 7;
    const next = (below: number) => {
      state = (state * 48271) % 2147483647;
      return state % below;
    };
    for (let trial = 0; trial < 2000; trial++) {
      const right = [next(101), next(101), next(101), next(101)];
      const counts = [1 + next(50), 1 + next(50), 1 + next(50), 1 + next(50)];
      const lost = right.map((count) => next(count + 1));
      const { order } = riskReport(clean(right), lost, counts);
      for (const name of riskNames) {
        if (!order[name].assumption) continue;
        held += 1;
        expect(order[name].bound).toBe(true);
      }
    }
    expect(held).toBeGreaterThan(100);
  });

  it("leaves classes without images out, and classes of one size equal", () => {
    const some = riskReport(
      accuracyReport(
        [
          [3, 1],
          [0, 0],
        ],
        ["head", "tail"],
      ),
      [1, 0],
      [5, 1],
    );
    expect(some.perClass[1]).toBeNull();
    expect(some.mean).toEqual(some.weighted);
    const { order } = riskReport(clean([10, 90]), [0, 0], [7, 7]);
    expect(orderSentence("natural", order.natural)).toContain("one size");
  });

  it.each([
    [[1], [5, 5], "2 classes"],
    [[1, 91], [5, 5], "lose 91"],
    [[-1, 0], [5, 5], "lose -1"],
    [[0, 0], [Number.NaN, 5], "at least 0"],
    [[0, 0], [0, 0], "training images"],
  ])("refuses counts %j of classes of %j", (lost, counts, words) => {
    expect(() => riskReport(clean([90, 90]), lost, counts)).toThrow(words);
  });
});
