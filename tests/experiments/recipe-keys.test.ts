// Keys of recipes: what they fill in, which combinations are refused, and what a continued run may not change.
import { describe, expect, it } from "vitest";
import { parseConfig } from "../../src/experiments/config/index.js";
import { decidingSettings } from "../../src/experiments/run-record.js";
import { schedulesOf } from "../../src/experiments/schedules.js";

const training = (keys: object) => ({ data: { source: "cifar10" }, training: keys });
const settings = (raw: unknown) =>
  decidingSettings(parseConfig(raw), {
    dataset: { name: "cifar10" },
    subset: { hash: "0" },
  } as unknown as Parameters<typeof decidingSettings>[1]).training as Record<string, unknown>;

describe("schedules of the learning rate", () => {
  const rates = (keys: object, images = 1280) => schedulesOf(parseConfig(training(keys)).training, images);

  it("are the milestones where nothing else is said", () => {
    const { learningRate, momentum } = rates({});
    expect([learningRate(60, 9), learningRate(61, 0)]).toEqual([0.1, 0.1 * 0.1]);
    expect(momentum).toBeNull();
  });

  it("reach the peak at the configured share of the steps, the last partial batch counted", () => {
    const at = (images: number, keys: object) => {
      const { learningRate } = rates(
        { epochs: 10, learningRate: 0.2, oneCycle: { peakAt: 0.5 }, ...keys },
        images,
      );
      return learningRate;
    };
    expect(at(1280, {})(5, 9)).toBe(0.2);
    expect(at(1281, {})(5, 10)).toBe(0.2);
    expect(at(1281, { dropLast: true })(5, 9)).toBe(0.2);
    expect(at(1280, {})(10, 9)).toBeCloseTo(8e-7, 12);
  });

  it("move the momentum only where that is asked for", () => {
    const { momentum } = rates({ epochs: 10, oneCycle: { peakAt: 0.5, momentum: [0.85, 0.95] } });
    expect([momentum!(1, 0), momentum!(5, 9), momentum!(10, 9)]).toEqual([0.95, 0.85, 0.95]);
    expect(rates({ oneCycle: {} }).momentum).toBeNull();
  });

  it.each([
    [{ oneCycle: {}, cosine: {} }, "training.cosine is set beside training.oneCycle"],
    [{ oneCycle: {}, milestones: [3] }, "training.milestones is [3] beside training.oneCycle"],
    [{ cosine: {}, factor: 0.5 }, "training.factor is 0.5 beside training.cosine"],
    [{ cosine: { warmUp: 5 }, epochs: 5 }, "training.cosine.warmUp is 5, but training has 5 epochs"],
    [{ cosine: { floor: 0.2 } }, "training.cosine.floor is 0.2, above the learning rate 0.1"],
    [{ oneCycle: { momentum: [0.95, 0.85] } }, "accepted: two ascending numbers"],
    [{ oneCycle: { momentum: [0.85, 0.95] }, momentum: 0 }, "training.momentum is 0"],
    [{ oneCycle: { peakAt: 1 } }, "training.oneCycle.peakAt is 1"],
    [{ oneCycle: { peak: 0.2 } }, "training.oneCycle.peak is no key"],
  ])("refuse %j in one sentence", (keys, message) => {
    expect(() => parseConfig(training(keys))).toThrow(message);
  });
});

describe("parts around a method", () => {
  const refused =
    (method: object, training: object = {}) =>
    () =>
      parseConfig({
        method: { name: "pgd-at", ...method },
        training: { epochs: 20, milestones: [], ...training },
      });

  it.each([
    [{ cfa: {}, classBudget: {} }, {}, "method.cfa is set beside method.classBudget"],
    [{ cfa: {}, dafa: { from: 9 } }, {}, "method.dafa is set beside method.cfa"],
    [{ dafa: {} }, {}, "method.dafa.from is 71, but training ends with epoch 20"],
    [{ rebat: { from: 15 } }, {}, "training.weightAverage is left out"],
    [{ rebat: { from: 5 } }, { weightAverage: { from: 9 } }, "training.weightAverage begins with epoch 9"],
    [{ rebat: {} }, { weightAverage: {} }, "method.rebat.from is 61, but training ends with epoch 20"],
    [{ labelSmoothing: 0.1, loss: "focal" }, {}, "method.labelSmoothing is 0.1, but method.loss is focal"],
    [{ labelSmoothing: 1 }, {}, "method.labelSmoothing is 1"],
    [
      { attack: { projection: "image", steps: 5 } },
      {},
      "method.attack.steps is 5; accepted: 1 with projection image",
    ],
    [{ attack: { norm: "l2", start: "double-uniform" } }, {}, 'method.attack.start is "double-uniform"'],
    [{ attackRamp: { over: 0 } }, {}, "method.attackRamp.over is 0"],
    [{ selfTeacher: { run: "" } }, {}, "method.selfTeacher.run is"],
    [{}, { cutMix: { second: "all" } }, 'training.cutMix.second is "all"'],
  ])("%j with %j is refused in one sentence", (method, training, message) => {
    expect(refused(method, training)).toThrow(message);
  });

  it("are accepted together, those that exclude each other apart", () => {
    const parts = {
      labelSmoothing: 0.1,
      attackRamp: {},
      gkl: {},
      rebat: { from: 3 },
      weightPerturbation: {},
    };
    const training = {
      weightAverage: { warmUp: true },
      cutMix: {},
      strongAugmentation: "idbh-weak",
      oneCycle: {},
    };
    for (const rule of [{ cfa: {} }, { dafa: { from: 2 } }, { classBudget: {} }]) {
      expect(refused({ ...parts, ...rule, selfTeacher: { run: "runs/teacher" } }, training)).not.toThrow();
    }
  });
});

describe("a run that is continued", () => {
  it("has the settings of a run from before these keys existed where they are not used", () => {
    const before = settings(training({ weightAverage: {} }));
    expect(Object.keys(before)).not.toEqual(expect.arrayContaining(["oneCycle"]));
    expect(before.weightAverage).toEqual({ decay: 0.999, from: 1 });
    expect(before.epochs).toBeUndefined();
  });

  it("keeps its number of epochs where a schedule spans them", () => {
    expect(settings(training({ oneCycle: {}, epochs: 30 })).epochs).toBe(30);
    expect(settings(training({ cosine: {}, epochs: 30 })).epochs).toBe(30);
    const ramp = { method: { name: "pgd-at", attackRamp: {} } };
    expect(settings({ ...training({ epochs: 30 }), ...ramp }).epochs).toBe(30);
    expect(settings(training({ weightAverage: { warmUp: true } })).weightAverage).toMatchObject({
      warmUp: true,
    });
  });
});
