// Which configurations batches in parts and windows of images refuse, and what decides whether a run may be continued.
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
  [
    reat({ randomResizedCrop: {}, augment: false }),
    "training.augment is false, but training.randomResizedCrop cuts windows out and flips them",
  ],
  [
    reat({ randomResizedCrop: {}, strongAugmentation: "idbh-weak" }),
    "training.randomResizedCrop cannot go with training.strongAugmentation idbh-weak, which crops by itself",
  ],
  [reat({ randomResizedCrop: { scale: [0.5, 0.2] } }), "scale must have the lesser share first"],
  [reat({ randomResizedCrop: { ratio: [0, 1] } }), "training.randomResizedCrop.ratio"],
])("%j is refused", (config, sentence) => {
  expect(() => parseConfig(config)).toThrow(sentence);
});

it("weight perturbation, class sums and mixed images go with parts", () => {
  const method = { weightPerturbation: {}, gkl: { weights: "class" }, cfa: {} };
  const { training } = parseConfig(reat({ shards: 4, cutMix: {} }, method));
  expect(training).toMatchObject({ shards: 4, tailOver: "part", reduction: "ordered" });
  parseConfig(reat({ shards: 2, tailOver: "batch" }, { weightPerturbation: {} }));
});

it("windows of images have defaults, and null takes a preset's away", () => {
  const crop = (randomResizedCrop: unknown) =>
    parseConfig(reat({ randomResizedCrop })).training.randomResizedCrop;
  expect(crop({})).toEqual({ scale: [0.35, 1], ratio: [0.75, 4 / 3] });
  expect(crop({ scale: [0.08, 1] })).toMatchObject({ scale: [0.08, 1] });
  expect(crop(null)).toBeNull();
});
