// Attacks that look for examples through convolutions in tiles: what is said of it, and how it is turned off.

import { expect, it } from "vitest";
import { evaluationAttack, isEnsemble, namedAttack } from "../../src/attacks/index.js";
import { evaluate, type MeasureOptions, measureEnsemble, tilesSentence } from "../../src/evaluation/index.js";
import { tileProcessor } from "../../src/nn/fast/tile-convolution.js";
import { BasicBlock, ResNet, setLevers, throughTiles, usesTiles } from "../../src/nn/index.js";
import { Generator, keep, noGrad, rand, scope, setThreads, type Tensor } from "../../src/tensor/index.js";
import { needing } from "../skipped.js";

setThreads(1);
const network = new ResNet(
  {
    ...{ architecture: "tiny", block: BasicBlock, stemWidth: 16, stemStride: 2, memoryFormat: "contiguous" },
    stages: [{ width: 16, blocks: 1, stride: 1 }],
  },
  10,
  new Generator(1),
);
network.setMode("eval");
const images = scope(() => keep(rand([6, 3, 16, 16], new Generator(2))));
const labels = scope(() => keep(noGrad(() => network.logits(images).argmax(1))));
const options: MeasureOptions = {
  ...{ model: network, batches: { count: 1, batch: () => ({ images, labels }) }, seed: 1 },
  groups: Array.from({ length: 10 }, () => "head"),
};
const spec = evaluationAttack("autoattack:apgd-ce", { epsilon: 0.01 });
if (!isEnsemble(spec)) throw new Error("autoattack:apgd-ce is an ensemble");
const ensemble = spec;
const here = tileProcessor() !== "";

it("usesTiles is true where mode fast convolves in tiles", () => {
  expect(usesTiles(network, images)).toBe(here);
  const restore = setLevers({ winograd: false });
  expect(usesTiles(network, images)).toBe(false);
  restore();
  expect(network.mode).toBe("eval");
});

it("throughTiles asks the network plainly and through tiles, and leaves its mode", () => {
  scope(() =>
    noGrad(() => {
      const through = throughTiles(network);
      const frozen = network.withMode("frozen", () => through.logits(images));
      expect(frozen.toArray()).toEqual(network.withMode("frozen", () => network.logits(images)).toArray());
      const fast = network.withMode("fast", () => network.logits(images)).toArray();
      expect(through.fastLogits(images).toArray()).toEqual(fast);
      expect(network.mode).toBe("eval");
    }),
  );
});

const ensembleTitle = needing(
  here,
  "an ensemble looks through tiles unless it is told not to, and says so",
  "tiles need AVX2 or AVX-512",
);
it.runIf(here)(ensembleTitle, async () => {
  const seen = new Set<string>();
  const spied = spyOnModes(seen);
  const { ensemble: record, report } = await measureEnsemble(options, ensemble);
  spied();
  expect(seen).toEqual(new Set(["fast", "frozen"]));
  expect(record.tiles).toEqual({ unconfirmed: 0 });
  seen.clear();
  const again = spyOnModes(seen);
  const without = await measureEnsemble({ ...options, tiles: false }, ensemble);
  again();
  expect(seen).toEqual(new Set(["frozen"]));
  expect(without.ensemble.tiles).toBeUndefined();
  expect(without.report.correct).toBe(report.correct);
});

const singleTitle = needing(
  here,
  "so does a single attack that has its examples confirmed",
  "tiles need AVX2 or AVX-512",
);
it.runIf(here)(singleTitle, async () => {
  const attack = { name: "apgd-ce", attack: namedAttack("apgd-ce", { epsilon: 0.01 }).attack };
  expect(attack.attack.confirmsExamples).toBe(true);
  for (const [tiles, modes] of [
    [true, ["fast", "frozen"]],
    [false, ["frozen"]],
  ] as const) {
    const seen = new Set<string>();
    const restore = spyOnModes(seen);
    await evaluate({ ...options, attacks: [attack], tiles });
    restore();
    expect(seen).toEqual(new Set(modes));
  }
});

it("says in one sentence what was confirmed", () => {
  expect(tilesSentence({ unconfirmed: 0 })).toMatch(/in tiles; the plain network confirmed each of them$/);
  expect(tilesSentence({ unconfirmed: 1 })).toMatch(/; 1 was not confirmed and does not count$/);
  expect(tilesSentence({ unconfirmed: 2 })).toMatch(/; 2 were not confirmed and do not count$/);
});

/** Notes the modes in which the network is asked. @returns a function that stops it */
function spyOnModes(seen: Set<string>): () => void {
  const features = network.features.bind(network);
  network.features = (given: Tensor) => {
    seen.add(network.mode);
    return features(given);
  };
  return () => {
    network.features = features;
  };
}
