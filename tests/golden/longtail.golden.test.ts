// Class counts, NumPy's random stream and the chosen positions against the recorded reference (longtail.json).
import { expect, it } from "vitest";
import { classCounts, drawSubset, MersenneTwister } from "../../src/data/index.js";
import { describeGolden } from "./generator.js";

interface Selection {
  np_random_seed: number;
  per_class_pool: number;
  ur: number;
  first12: Record<string, number[]>;
  checksums: Record<string, [number, number, number]>;
}
interface Longtail {
  counts: Record<string, { counts: number[]; total: number }>;
  tiny_imagenet_lt_linear: { counts: number[]; total: number };
  mt19937_seed0_first4_uint32: number[];
  selection: Record<string, Selection>;
}

describeGolden<Longtail>("longtail.json", (golden) => {
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

  it.each(Object.entries(golden.counts))("exponential counts of %s", (name, { counts, total }) => {
    const unbalancedRatio = Number(/ur(\d+)/.exec(name)![1]);
    const ours = classCounts({
      profile: "exponential",
      classes: counts.length,
      maxPerClass: counts[0]!,
      unbalancedRatio,
    });
    expect(ours).toEqual(counts);
    expect(sum(ours)).toBe(total);
    const small = classCounts({
      profile: "balanced-small",
      classes: counts.length,
      maxPerClass: counts[0]!,
      unbalancedRatio,
    });
    expect(sum(small)).toBe(total);
    expect(Math.max(...small) - Math.min(...small)).toBeLessThanOrEqual(1);
  });

  it("linear counts of Tiny-ImageNet-LT", () => {
    const { counts, total } = golden.tiny_imagenet_lt_linear;
    const ours = classCounts({
      profile: "linear",
      classes: counts.length,
      maxPerClass: counts[0]!,
      unbalancedRatio: counts[0]! / counts.at(-1)!,
    });
    expect(ours).toEqual(counts);
    expect(sum(ours)).toBe(total);
  });

  it("raw outputs of the generator seeded with 0", () => {
    const stream = new MersenneTwister(0);
    expect(golden.mt19937_seed0_first4_uint32.map(() => stream.nextUint32())).toEqual(
      golden.mt19937_seed0_first4_uint32,
    );
  });

  it.each(Object.entries(golden.selection))("positions chosen for %s", (_name, selection) => {
    const classes = Object.keys(selection.checksums).length;
    const pool = selection.per_class_pool;
    // Classes interleaved: a position within its class is then the index divided by the number of classes.
    const labels = Uint8Array.from({ length: classes * pool }, (_, i) => i % classes);
    const subset = drawSubset(
      labels,
      Array.from({ length: classes }, (_, k) => `class ${k}`),
      {
        profile: "exponential",
        unbalancedRatio: selection.ur,
        seed: selection.np_random_seed,
      },
    );
    let at = 0;
    for (let k = 0; k < classes; k++) {
      const chosen = Array.from(subset.train.subarray(at, at + subset.counts[k]!), (i) => {
        expect(i % classes).toBe(k);
        return (i - k) / classes;
      });
      at += chosen.length;
      const weighted = chosen.reduce(
        (total, position, rank) => (total + position * (rank + 1)) % 1_000_003,
        0,
      );
      expect([chosen.length, sum(chosen), weighted]).toEqual(selection.checksums[k]);
      if (selection.first12[k]) expect(chosen.slice(0, 12)).toEqual(selection.first12[k]);
    }
    expect(at).toBe(subset.train.length);
  });
});
