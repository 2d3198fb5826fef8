// Square's search: every proposal is an allowed image, what is kept never helps the defender, and no question is wasted.
import { describe, expect, it } from "vitest";
import { lengths } from "../../src/attacks/geometry/ball.js";
import { ImageDraws } from "../../src/attacks/image-draws.js";
import { ballNames, type Classifier, marginObjective, square } from "../../src/attacks/index.js";
import { bump, bumpProposals } from "../../src/attacks/square/bumps.js";
import { type Searching, stripeProposals } from "../../src/attacks/square/proposals.js";
import { arange, Generator, noGrad, rand, scope, setThreads, type Tensor } from "../../src/tensor/index.js";
import { tinyClassifier } from "./models.js";

setThreads(1);
const model = tinyClassifier(1, 5);
const images = rand([8, 3, 12, 12], new Generator(2));
const labels = arange(0, 8).remainder(5);
const radius = { linf: 0.05, l2: 0.8, l1: 6 };
const marginOf = (x: Tensor, y: Tensor) => marginObjective(small(x), y).mul(-1);
/** The tiny network takes 6×6 images: the mean of each 2×2 window. */
const small = (x: Tensor) => model.logits(x.reshape([-1, 3, 6, 2, 6, 2]).mean([3, 5]));

describe.each(ballNames)("%s", (norm) => {
  const epsilon = radius[norm];
  const expectAllowed = (point: Tensor) => {
    const limit = epsilon * (1 + 1e-5) + 1e-6;
    expect(lengths(point.sub(images), norm).amax().item()).toBeLessThanOrEqual(limit);
    expect(point.amin().item()).toBeGreaterThanOrEqual(0);
    expect(point.amax().item()).toBeLessThanOrEqual(1);
  };

  it("proposes allowed images, keeps what lowers the margin, and that margin is the kept image's", () => {
    scope(() =>
      noGrad(() => {
        const draws = new ImageDraws(
          Array.from({ length: 8 }, (_, i) => i),
          "cpu",
        );
        const chance = { places: new Generator(3), draws };
        using proposals =
          norm === "linf"
            ? stripeProposals(images, epsilon, chance)
            : bumpProposals(images, norm, epsilon, chance);
        const first = proposals.first();
        expectAllowed(first);
        // The first perturbation spends the radius, as far as [0, 1] lets it.
        expect(lengths(first.sub(images), norm).amin().item()).toBeGreaterThan(0.6 * epsilon);
        let now: Searching = {
          ...{ rows: arange(0, 8), images, labels, best: first, margin: marginOf(first, labels) },
        };
        let accepted = 0;
        for (let query = 0; query < 80; query++) {
          let asked: number[] = [];
          const before = now.margin.toArray();
          const pixels = now.best.toArray();
          const next: Searching = {
            ...now,
            ...(proposals.improve(now, 1 + (query % 5), (candidate, y) => {
              expect(asked).toEqual([]);
              expectAllowed(candidate);
              const margin = marginOf(candidate, y);
              asked = margin.toArray();
              return margin;
            }) as Searching),
          };
          const after = next.margin.toArray();
          const size = 3 * 144;
          const kept = next.best.toArray();
          after.forEach((margin, i) => {
            const takes = asked[i]! < before[i]! || asked[i]! <= 0;
            expect(margin).toBe(takes ? asked[i] : before[i]);
            if (takes) accepted++;
            else {
              const image = (of: readonly number[]) => of.slice(i * size, (i + 1) * size);
              expect(image(kept)).toEqual(image(pixels));
            }
          });
          expectAllowed(next.best);
          now = next;
        }
        expect(accepted).toBeGreaterThan(20);
        const again = marginOf(now.best, labels).toArray();
        now.margin.toArray().forEach((margin, i) => {
          expect(again[i]).toBeCloseTo(margin, 5);
        });
      }),
    );
  });

  it("asks each standing image as often as it may, and a fooled one never again", () => {
    const right = noGrad(() => small(images).argmax(1));
    let asked = 0;
    const counting: Classifier = {
      logits: (x) => {
        asked += x.shape[0]!;
        return small(x);
      },
    };
    const standing: number[] = [];
    const attack = square({
      ...{ norm, epsilon: epsilon / 4, queries: 40 },
      observer: { progress: (told) => standing.push(told.standing) },
    });
    attack.perturb(counting, images, right, new Generator(5)).dispose();
    // One look at the clean images, the first proposals, then one question for each image that stood before it.
    const expected = 8 + 8 + standing.slice(0, -1).reduce((sum, left) => sum + left, 0);
    expect(standing.length).toBeLessThanOrEqual(39);
    expect(asked - expected).toBeGreaterThanOrEqual(0);
    expect(asked - expected).toBeLessThanOrEqual(8);
    expect(asked).toBeLessThanOrEqual(8 + 8 * 40);
  });
});

describe.each(["l2", "l1"] as const)("a bump of %s", (ball) => {
  it.each([3, 4, 7])("with side %i has length 1, a positive upper and a negative lower half", (side) => {
    const values = [...bump(side, ball)];
    const half = Math.floor(side / 2) * side;
    expect(values.slice(0, half).every((value) => value > 0)).toBe(true);
    expect(values.slice(half).every((value) => value < 0)).toBe(true);
    const length = ball === "l2" ? Math.hypot(...values) : values.reduce((sum, v) => sum + Math.abs(v), 0);
    expect(length).toBeCloseTo(1, 5);
  });
});
