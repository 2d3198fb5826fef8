// Stochastic depth: which branches are left out, by how much the others count, and when nothing is.
import { describe, expect, it } from "vitest";
import { dropsOfBlocks, joinBranch } from "../../src/nn/drop-path.js";
import { buildModel, ConvNext, type DropPath, VisionTransformer } from "../../src/nn/index.js";
import { Generator, grad, noGrad, ones, rand, scope, type Tensor, zeros } from "../../src/tensor/index.js";

const rates = (rate: number, blocks: number) =>
  dropsOfBlocks({ rate, generator: new Generator(1) }, blocks).map((drop) => drop?.rate ?? 0);

it("rates rise along a line from 0 at the first block", () => {
  // torch.linspace(0, 0.3, 4), as timm has it; torchvision: 0.3 * block / (blocks - 1).
  const close = (got: readonly number[], wanted: readonly number[]) => {
    expect(got).toHaveLength(wanted.length);
    for (const [at, value] of wanted.entries()) expect(got[at]).toBeCloseTo(value, 12);
  };
  close(rates(0.3, 4), [0, 0.1, 0.2, 0.3]);
  close(rates(0.2, 2), [0, 0.2]);
  expect(rates(0.5, 1)).toEqual([0]);
  expect(rates(0, 3)).toEqual([0, 0, 0]);
  expect(dropsOfBlocks(null, 2)).toEqual([null, null]);
  for (const rate of [1, -0.1, Number.NaN]) {
    expect(() => rates(rate, 2)).toThrow(`must be from 0 to below 1, got ${rate}.`);
  }
});

describe("a branch", () => {
  const images = 4000;
  const joined = (mode: "train" | "batch" | "eval" | "frozen" | "fast") =>
    scope(() => {
      const drop = { rate: 0.25, generator: new Generator(5) };
      const values = joinBranch(zeros([images, 2, 3]), ones([images, 2, 3]), drop, mode).toArray();
      return Array.from({ length: images }, (_, image) => values.slice(6 * image, 6 * (image + 1)));
    });

  it.each(["train", "batch"] as const)(
    "is left out of whole images in mode %s, and counts more in the others",
    (mode) => {
      const rows = joined(mode);
      let kept = 0;
      for (const row of rows) {
        expect(new Set(row).size).toBe(1);
        if (row[0] !== 0) {
          expect(row[0]).toBeCloseTo(1 / 0.75, 6);
          kept += 1;
        }
      }
      // Five deviations of a binomial with 4000 trials.
      expect(Math.abs(kept / images - 0.75)).toBeLessThan(5 * Math.sqrt((0.75 * 0.25) / images));
      expect(joined(mode)).toEqual(rows);
      // torch.empty(12, 1).bernoulli_(0.75, generator=torch.Generator().manual_seed(5)), which is how timm and torchvision draw.
      const begin = rows.slice(0, 12).map((row) => Number(row[0] !== 0));
      expect(begin).toEqual([1, 1, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1]);
    },
  );

  it.each(["eval", "frozen", "fast"] as const)("is whole in mode %s", (mode) => {
    for (const row of joined(mode)) expect(row).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

const networks: Record<string, (dropPath: DropPath | null) => ConvNext | VisionTransformer> = {
  convnext: (dropPath) => {
    const stages = [
      { width: 4, blocks: 2 },
      { width: 6, blocks: 1 },
    ];
    return new ConvNext({ architecture: "tiny", stages }, 3, new Generator(1), "linear", dropPath);
  },
  transformer: (dropPath) => {
    const sizes = { architecture: "tiny", patch: 16, width: 8, blocks: 3, heads: 2 };
    const side = { height: 32, width: 32 };
    return new VisionTransformer(sizes, 3, new Generator(1), "linear", side, dropPath);
  },
};

describe.each(Object.keys(networks))("%s", (name) => {
  /** Weights of a size that shows. */
  const built = (dropPath: DropPath | null) => {
    const model = networks[name]!(dropPath);
    const generator = new Generator(2);
    scope(() =>
      noGrad(() => {
        for (const weight of model.parameters()) weight.copy_(rand(weight.shape, generator).sub(0.4));
      }),
    );
    return model;
  };
  const numbers = (value: () => Tensor) => scope(() => noGrad(() => value().toArray()));
  const images = () => rand([6, 3, 32, 32], new Generator(3));

  it("trains with some branches left out and is the whole network otherwise, with the same weights", () => {
    const generator = new Generator(4);
    const [plain, dropping] = [built(null), built({ rate: 0.6, generator })];
    for (const mode of ["eval", "frozen", "fast"] as const) {
      const before = generator.state();
      const logits = (model: typeof plain) =>
        numbers(() => model.withMode(mode, () => model.logits(images())));
      expect(logits(dropping)).toEqual(logits(plain));
      expect(generator.state()).toEqual(before);
    }
    const before = generator.state();
    const first = numbers(() => dropping.logits(images()));
    expect(first).not.toEqual(numbers(() => plain.logits(images())));
    expect(numbers(() => dropping.logits(images()))).not.toEqual(first);
    generator.restore(before);
    expect(numbers(() => dropping.logits(images()))).toEqual(first);
    plain.dispose();
    dropping.dispose();
  });

  it("gives no gradient to a branch that every image left out", () => {
    // So rarely kept that six images never see the last block's branches.
    const model = built({ rate: 1 - 1e-9, generator: new Generator(4) });
    const gradients = scope(() => {
      const values = grad(model.logits(images()).sum(), model.parameters());
      return [...model.namedParameters().keys()].map(
        (key, at) => [key, values[at]!.abs().sum().item()] as const,
      );
    });
    const last = name === "convnext" ? "stages.1.0." : "blocks.2.";
    const first = name === "convnext" ? "stages.0.0." : "blocks.0.";
    const sizes = (prefix: string) =>
      gradients.filter(([key]) => key.startsWith(prefix)).map(([, size]) => size);
    expect(new Set(sizes(last))).toEqual(new Set([0]));
    expect(Math.max(...sizes(first))).toBeGreaterThan(0);
    model.dispose();
  });
});

it("networks without it refuse it", () => {
  const dropPath = { rate: 0.1, generator: new Generator(1) };
  expect(() => buildModel("resnet18", { classes: 3, generator: new Generator(1), dropPath })).toThrow(
    "resnet18 has no stochastic depth: leave it out, or choose one of convnext-tiny, vit-s16.",
  );
});
