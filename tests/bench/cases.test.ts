// The cases: names, targets, operations counted, levers, operators sorted into kinds.
import { describe, expect, it } from "vitest";
import { attackCases } from "../../bench/cases/attack.js";
import { counts10, counts100 } from "../../bench/cases/counts.js";
import { dataCases } from "../../bench/cases/data.js";
import { evaluationCases } from "../../bench/cases/evaluation.js";
import { gpuCases } from "../../bench/cases/gpu.js";
import { profileCases } from "../../bench/cases/profile.js";
import { scalingCases } from "../../bench/cases/scaling.js";
import { trainingCases, wholeTrainingCases } from "../../bench/cases/training.js";
import { attackStepFlops, forwardFlops } from "../../bench/flops.js";
import { levers } from "../../bench/levers.js";
import { judged, needsPython } from "../../bench/measure.js";
import { kindOf } from "../../bench/operator-kinds.js";
import { benchRecord } from "../../bench/record.js";
import { verdict } from "../../bench/summary.js";
import type { TrainStepWork } from "../../bench/work.js";
import { currentLevers, precisions } from "../../src/nn/index.js";

const all = [
  ...trainingCases,
  ...wholeTrainingCases(undefined),
  ...gpuCases(true),
  ...evaluationCases({ images: 1000 }, 1000, "/nowhere"),
  ...attackCases,
  ...profileCases,
  ...scalingCases,
  ...dataCases(undefined, "/nowhere"),
];

describe("the cases", () => {
  it("have names of their own", () => {
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });

  it("use the class sizes of CIFAR-LT with an unbalanced ratio of 50", () => {
    expect(counts10).toEqual([5000, 3237, 2096, 1357, 878, 568, 368, 238, 154, 100]);
    expect(counts100).toHaveLength(100);
    expect([counts100[0], counts100[99]]).toEqual([500, 10]);
  });

  it("that read images of CIFAR-10 lack them until they are given", () => {
    const lacking = dataCases(undefined, "/nowhere").filter(({ lacks }) => lacks);
    expect(lacking.map(({ name }) => name)).toEqual(["data/packing", "data/loading"]);
    expect(dataCases("cifar-10.tar.gz", "/nowhere").some(({ lacks }) => lacks)).toBe(false);
  });

  it("on a GPU lack one where there is none, and both sides do the same steps where there is", () => {
    expect(new Set(gpuCases(false).map(({ lacks }) => lacks))).toEqual(new Set(["it needs a CUDA device"]));
    for (const { lacks, ours, baseline } of gpuCases(true)) {
      expect(lacks).toBeUndefined();
      const { precision, ...same } = ours.work as TrainStepWork;
      expect(baseline!.work).toEqual(same);
      expect(same).toMatchObject({ device: "cuda:0", steps: 10, batchSize: 128, attackSteps: 10 });
      expect(precisions).toContain(precision);
    }
  });

  it("on a GPU tell how long an epoch of 110 batches takes", () => {
    const repetition = (seconds: number) => ({ seconds, values: {} });
    const [first] = gpuCases(true);
    const numbers = first!.numbers!([0.1, 0.2, 0.4].map(repetition), [1, 1, 1].map(repetition));
    expect(numbers.epochSeconds).toBeCloseTo(2.2, 12);
    expect(numbers.baselineEpochSeconds).toBeCloseTo(11, 12);
  });

  it("need Python where a side is PyTorch's, and only there", () => {
    const called = (name: string) => trainingCases.find((one) => one.name === name)!;
    expect(needsPython(called("train/reat-cifar10"))).toBe(true);
    expect(needsPython(called("train/pass"))).toBe(false);
    expect(needsPython(called("train/reat-over-pgd-at"))).toBe(false);
  });

  it("switch levers that exist", () => {
    const known = Object.keys(currentLevers());
    for (const { off } of levers) {
      for (const name of Object.keys(off)) expect(known).toContain(name);
    }
  });
});

describe("targets", () => {
  it("are met or not by the number they name", () => {
    const targets = { ratio: { text: "fast", atLeast: 1.6 }, memoryShare: { text: "small", atMost: 1 } };
    expect(judged({ targets }, { ratio: 1.7, memoryShare: 1.2 })).toEqual([
      { number: "ratio", text: "fast", measured: 1.7, met: true },
      { number: "memoryShare", text: "small", measured: 1.2, met: false },
    ]);
  });

  it("are not met by what could not be measured, and the record and the table say so", () => {
    const [share] = judged({ targets: { share: { text: "any", atLeast: 0 } } }, {});
    expect(share).toEqual({ number: "share", text: "any", measured: null, met: false });
    const targets = benchRecord.shape.cases.element.shape.targets;
    expect(targets.parse(JSON.parse(JSON.stringify([share])))).toEqual([share]);
    expect(verdict({ targets: [share!] })).toBe("not measured here: any");
  });
});

describe("the operations of ResNet-18", () => {
  it("are 0.56 G multiply-adds an image", () => {
    expect(forwardFlops("resnet18", 10) / 2e9).toBeCloseTo(0.5554, 3);
  });

  it("are done once forward and once back in an attack step", () => {
    expect(attackStepFlops("resnet18", 10, 128)).toBe(2 * 128 * forwardFlops("resnet18", 10));
  });
});

describe("kindOf", () => {
  it.each([
    ["aten::mkldnn_convolution", "convolution"],
    ["aten::convolution_backward", "convolution"],
    ["aten::addmm", "matrix product"],
    ["aten::mm", "matrix product"],
    ["aten::native_batch_norm_backward", "normalisation"],
    ["aten::threshold_backward", "element-wise"],
    ["aten::relu_", "element-wise"],
    ["aten::add_", "element-wise"],
    ["aten::_foreach_add_", "optimiser"],
    ["aten::copy_", "layout and copies"],
    ["aten::_log_softmax", "loss and reductions"],
    ["aten::gather", "other operators"],
  ])("sorts %s under %s", (operator, kind) => {
    expect(kindOf(operator)).toBe(kind);
  });
});
