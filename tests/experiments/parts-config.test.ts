// Which configurations batches in parts refuse, and what decides whether a run may be continued.
import { expect, it } from "vitest";
import { parseConfig } from "../../src/experiments/index.js";

const reat = (training: object, method: object = {}) => ({ method: { name: "reat", ...method }, training });

it.each<[object, string]>([
  [reat({ shards: 200, batchSize: 128 }), "training.shards is 200, and training.batchSize 128"],
  [reat({ tailOver: "batch" }), "training.tailOver is batch, and training.shards is 1"],
  [reat({ batchNorm: "batch" }), "training.batchNorm is batch, and training.shards is 1"],
  [
    reat({ shards: 2, tailOver: "batch" }, { tail: { enabled: false } }),
    "training.tailOver is batch, and method reat has no TAIL here; accepted: part.",
  ],
  [
    { method: { name: "trades" }, training: { shards: 2, tailOver: "batch" } },
    "training.tailOver is batch, and method trades has no TAIL here; accepted: part.",
  ],
  [reat({ shards: 2, tailOver: "batch", cutMix: {} }), "and training.cutMix gives every image two labels"],
])("%j is refused", (config, sentence) => {
  expect(() => parseConfig(config)).toThrow(sentence);
});

it("weight perturbation, class sums and mixed images go with parts", () => {
  const method = { weightPerturbation: {}, gkl: { weights: "class" }, cfa: {} };
  const { training } = parseConfig(reat({ shards: 4, cutMix: {} }, method));
  expect(training).toMatchObject({ shards: 4, tailOver: "part", reduction: "ordered" });
  parseConfig(reat({ shards: 2, tailOver: "batch" }, { weightPerturbation: {} }));
});
