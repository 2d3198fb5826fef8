// REAT: which examples RBL changes, its counts from epoch to epoch, its loss, gradient, state and memory.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { balancedSoftmaxLoss, rblWeights, tailRegulariser } from "../../src/losses/index.js";
import { createMethod, type Method, methodOptions } from "../../src/methods/index.js";
import { equal, Generator, grad, liveTensors, noGrad, scope, type Tensor } from "../../src/tensor/index.js";
import { batchOf, classCounts, descend, TinyModel } from "./models.js";

const setup = { classCounts, device: "cpu" } as const;
const loud = { epsilon: "16/255", stepSize: "4/255", steps: 5 };

function reat(options: Record<string, unknown> = {}): Method {
  return createMethod(methodOptions.parse({ name: "reat", ...options }), setup);
}

/** The examples of the method's first step from one and the same model, batch and noise. */
function examples(options: Record<string, unknown>): Tensor {
  const model = new TinyModel(1);
  const method = reat(options);
  method.beginEpoch(1);
  method.step(batchOf(2), { model, generator: new Generator(3) });
  return model.trainedOn as Tensor;
}

/** Share of the pixels that two sets of examples differ in by more than the tolerance. */
function differing(a: Tensor, b: Tensor, tolerance = 0): number {
  return a.sub(b).abs().gt(tolerance).to("float32").mean().item();
}

describe("which examples RBL makes", () => {
  const plain = (attack: object) => examples({ attack, reweighting: "none" });

  it("weight form, running statistics, sign steps: those of cross entropy, bit for bit", () => {
    expect(equal(examples({ attack: loud }), plain(loud))).toBe(true);
  });

  it("weight form, running statistics, normalised l2 steps: those of cross entropy up to rounding", () => {
    const attack = { norm: "l2", epsilon: 1, stepSize: 0.2, steps: 5 };
    expect(differing(examples({ attack }), plain(attack), 1e-5)).toBe(0);
    expect(differing(plain(attack), batchOf(2).images, 1e-3)).toBeGreaterThan(0.5);
  });

  it.each([
    ["linf", loud],
    ["l2", { norm: "l2", epsilon: 1, stepSize: 0.2, steps: 5 }],
  ])("weight form, batch statistics, %s: others, as samples are coupled", (_, budget) => {
    const attack = { ...budget, batchNorm: "batch" };
    expect(differing(examples({ attack }), plain(attack), 1e-4)).toBeGreaterThan(0.05);
  });

  it("logit form: others, also with running statistics, and those of cross entropy for tau 0", () => {
    const logit = (tau: number) => examples({ attack: loud, rbl: { form: "logit", tau } });
    expect(differing(logit(1), plain(loud), 1e-4)).toBeGreaterThan(0.01);
    expect(equal(logit(0), plain(loud))).toBe(true);
  });

  it("warns, by name, of the combination that cannot act and of no other", () => {
    const names = (options: object) => reat({ ...options }).warnings.map(({ name }) => name);
    expect(names({})).toEqual(["rbl-weight-cannot-act"]);
    // One short line, with a section of the page behind it.
    const { message } = reat().warnings[0]!;
    expect(message).toMatch(/^method\.rbl\.form weight cannot act \S.{20,100} \(docs\/warnings\.md\)\.$/);
    expect(readFileSync(new URL("../../docs/warnings.md", import.meta.url), "utf8")).toContain(
      "## rbl-weight-cannot-act",
    );
    expect(names({ attack: { norm: "l2" } })).toEqual(["rbl-weight-cannot-act"]);
    expect(names({ attack: { batchNorm: "batch" } })).toEqual([]);
    expect(names({ rbl: { form: "logit" } })).toEqual([]);
    expect(names({ reweighting: "none" })).toEqual([]);
  });

  it("leaves the running statistics to the training pass, whatever the attack uses", () => {
    const tracked = (["running", "batch"] as const).map((batchNorm) => {
      const model = new TinyModel(1);
      const method = reat({ attack: { epsilon: 0, batchNorm } });
      method.beginEpoch(1);
      method.step(batchOf(2), { model, generator: new Generator(3) });
      expect(model.norm.batchesTracked.item()).toBe(1);
      expect(model.mode).toBe("train");
      return model.norm.runningMean.toArray();
    });
    expect(tracked[0]).toEqual(tracked[1]);
  });
});

describe("REAT's loss", () => {
  it.each(["reference", "paper"] as const)("is balanced softmax plus TAIL (%s) on the examples", (form) => {
    const model = new TinyModel(1);
    const method = reat({ tail: { form, lambda: 3 } });
    method.beginEpoch(1);
    const batch = batchOf(2);
    const { loss, terms, adversarialLogits } = method.step(batch, { model, generator: new Generator(3) });
    const features = model.features(model.trainedOn as Tensor);
    const logits = model.classify(features);
    const recognition = balancedSoftmaxLoss(classCounts)(logits, batch.labels).item();
    const tail = tailRegulariser(classCounts, { form, lambda: 3 })(features, batch.labels).item();
    expect(tail).not.toBe(0);
    expect(loss.item()).toBeCloseTo(recognition + tail, 5);
    expect(terms.recognition.item()).toBeCloseTo(recognition, 5);
    expect(terms.tail.item()).toBeCloseTo(tail, 5);
    expect(adversarialLogits?.sub(logits).abs().amax().item()).toBeLessThan(1e-5);
    expect([adversarialLogits, terms.recognition, terms.tail].map((t) => t?.requiresGrad)).toEqual([
      false,
      false,
      false,
    ]);
  });

  it("has no TAIL where it is off, and another recognition loss where one is named", () => {
    const model = new TinyModel(1);
    const method = reat({ loss: "ce", tail: { enabled: false } });
    method.beginEpoch(1);
    const batch = batchOf(2);
    const { loss, terms } = method.step(batch, { model, generator: new Generator(3) });
    expect(Object.keys(terms)).toEqual(["recognition"]);
    const logits = model.logits(model.trainedOn as Tensor).toArray();
    const labels = batch.labels.toArray();
    const ce = labels.map((label, row) => {
      const z = logits.slice(row * 4, row * 4 + 4);
      return Math.log(z.reduce((sum, value) => sum + Math.exp(value), 0)) - z[label];
    });
    expect(loss.item()).toBeCloseTo(ce.reduce((a, b) => a + b, 0) / ce.length, 5);
  });

  /** TAIL by its definition, pair by pair, with the anchors' features given apart. */
  function tailByPairs(form: string, anchors: number[][], features: number[][], labels: number[]): number {
    const softmax = (row: number[]) => {
      const total = row.reduce((sum, value) => sum + Math.exp(value), 0);
      return row.map((value) => Math.exp(value) / total);
    };
    const n = features.length;
    const w = classCounts.map((count) => Math.sqrt(classCounts.reduce((a, b) => a + b, 0) / count));
    const [p, q] = [anchors.map(softmax), features.map(softmax)];
    const tailOnes = labels.flatMap((label, index) => (label >= 3 ? [index] : []));
    let sum = 0;
    for (const i of tailOnes) {
      const kl = q.map((qj) =>
        qj.reduce((total, value, d) => total + p[i][d] * Math.log(p[i][d] / value), 0),
      );
      const pairs = labels.map((label) => (label === labels[i] ? -1 : 1) * (w[labels[i]] + w[label]));
      const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / n;
      sum +=
        form === "reference"
          ? (mean(kl) / features[0].length) * mean(pairs)
          : -mean(kl.map((value, j) => value * pairs[j]));
    }
    return sum / tailOnes.length;
  }

  it.each(["reference", "paper"] as const)(
    "has the gradient of finite differences, anchors held (%s)",
    (form) => {
      const model = new TinyModel(1);
      model.to("float64");
      const batch = batchOf(2, "float64");
      // Without a perturbation the examples do not depend on the weights.
      const method = reat({ attack: { epsilon: 0 }, tail: { form } });
      method.beginEpoch(1);
      const parameters = [...model.namedParameters()];
      const { loss } = method.step(batch, { model, generator: new Generator(3) });
      const gradients = grad(
        loss,
        parameters.map(([, parameter]) => parameter),
      );

      const labels = batch.labels.toArray();
      const rowsOf = (t: Tensor) =>
        t.toArray().reduce<number[][]>((rows, value, index) => {
          if (index % t.shape[1] === 0) rows.push([]);
          rows[rows.length - 1].push(value);
          return rows;
        }, []);
      const anchors = rowsOf(noGrad(() => model.features(batch.images)));
      const value = () =>
        scope(() =>
          noGrad(() => {
            const features = model.features(batch.images);
            const bsl = balancedSoftmaxLoss(classCounts)(model.classify(features), batch.labels).item();
            return bsl + tailByPairs(form, anchors, rowsOf(features), labels);
          }),
        );
      expect(loss.item()).toBeCloseTo(value(), 10);
      const step = 1e-5;
      for (const [index, [name, parameter]] of parameters.entries()) {
        const start = Float64Array.from(parameter.toArray());
        const gradient = gradients[index].toArray();
        for (let element = 0; element < start.length; element += Math.ceil(start.length / 4)) {
          const at = (offset: number) => {
            const moved = start.slice();
            moved[element] += offset;
            parameter.write_(moved);
            return value();
          };
          const slope = (at(step) - at(-step)) / (2 * step);
          parameter.write_(start);
          expect(Math.abs(slope - gradient[element]), `${name}[${element}]`).toBeLessThan(
            1e-6 * (1 + Math.abs(gradient[element])),
          );
        }
      }
    },
  );
});

describe("RBL's counts", () => {
  /** Counts of the largest logit, row by row. */
  function countPredictions(logits: number[], into: number[]): void {
    for (let row = 0; row < logits.length; row += 4) {
      const z = logits.slice(row, row + 4);
      into[z.indexOf(Math.max(...z))]++;
    }
  }

  it("start from the class counts and are those of the training passes of the epoch before", () => {
    const model = new TinyModel(1);
    const context = { model, generator: new Generator(3) };
    const method = reat();
    expect(method.beginEpoch(1)).toEqual({
      predictedCounts: classCounts,
      rblWeights: rblWeights(classCounts, classCounts),
      neverPredicted: [],
    });
    const expected = [0, 0, 0, 0];
    for (const seed of [1, 2, 3]) {
      const { adversarialLogits } = method.step(batchOf(seed), context);
      countPredictions(adversarialLogits?.toArray() as number[], expected);
    }
    expect(expected.reduce((a, b) => a + b)).toBe(48);
    const record = method.beginEpoch(2);
    expect(record.predictedCounts).toEqual(expected);
    expect(record.rblWeights).toEqual(rblWeights(classCounts, expected));
    method.step(batchOf(4), context);
    const third = method.beginEpoch(3).predictedCounts as number[];
    expect(third.reduce((a, b) => a + b)).toBe(16);
  });

  it("record classes never predicted, whose weight takes all there is", () => {
    const model = new TinyModel(1);
    model.head.bias.write_(Float32Array.of(0, 0, -1000, 0));
    const method = reat();
    method.beginEpoch(1);
    method.step(batchOf(2), { model, generator: new Generator(3) });
    const { neverPredicted, predictedCounts, rblWeights: weights } = method.beginEpoch(2);
    expect(neverPredicted).toContain(2);
    expect((predictedCounts as number[])[2]).toBe(0);
    const ignored = (neverPredicted as number[]).length;
    expect((weights as number[])[2]).toBeCloseTo(4 / ignored, 3);
    for (const [label, weight] of (weights as number[]).entries()) {
      if (!(neverPredicted as number[]).includes(label)) expect(weight).toBeLessThan(1e-4);
    }
    const { loss } = method.step(batchOf(3), { model, generator: new Generator(3) });
    expect(Number.isFinite(loss.item())).toBe(true);
  });

  it("are neither recorded nor carried where RBL is off", () => {
    const method = reat({ reweighting: "none" });
    expect(method.beginEpoch(1)).toEqual({});
    expect(method.state()).toEqual({});
  });

  it("need beginEpoch before the first step", () => {
    expect(() => reat().step(batchOf(1), { model: new TinyModel(1), generator: new Generator(1) })).toThrow(
      "beginEpoch of method reat must be called before its first step",
    );
  });
});

describe("REAT's state", () => {
  const options = { attack: { ...loud, batchNorm: "batch" } };

  it("continues in the middle of an epoch as if it had never stopped", () => {
    const run = (interrupt: boolean) => {
      const model = new TinyModel(1);
      const context = { model, generator: new Generator(3) };
      let method = reat(options);
      const losses: number[] = [];
      let records: unknown;
      for (const epoch of [1, 2, 3]) {
        records = method.beginEpoch(epoch);
        for (const seed of [1, 2, 3]) {
          losses.push(descend(method, batchOf(10 * epoch + seed), context));
          if (!interrupt) continue;
          const saved = JSON.parse(JSON.stringify(method.state()));
          method.dispose();
          method = reat(options);
          method.restore(saved);
          expect(method.beginEpoch(epoch)).toEqual(records);
        }
      }
      return { losses, records, weights: model.parameters().map((parameter) => parameter.toArray()) };
    };
    expect(run(true)).toEqual(run(false));
  });

  it.each([
    [{}, /checkpoint's state is not one of method reat: epoch is missing/],
    [
      { epoch: 1, predictedCounts: [1, 2], countsSoFar: [0, 0, 0, 0] },
      /not one of method reat: predictedCounts: /,
    ],
    [{ epoch: 1, predictedCounts: [1, 2, 3, 4], countsSoFar: [0, 0, 0, -1] }, /reat: countsSoFar\.3: /],
  ])("refuses %o", (state, message) => {
    expect(() => reat().restore(state)).toThrow(message);
  });
});

describe("memory", () => {
  it.each([
    ["reat", {}],
    ["reat", { attack: { batchNorm: "batch" }, rbl: { form: "logit" }, tail: { form: "paper" } }],
    ["pgd-at", { loss: "bsl", attack: { objective: "bsl", norm: "l2" } }],
    ["pgd-at", { attack: { objective: "cw" } }],
  ])("%s %o keeps the number of live tensors over 50 training steps", (name, options) => {
    const model = new TinyModel(1);
    const method = createMethod(methodOptions.parse({ name, ...options }), setup);
    const context = { model, generator: new Generator(3) };
    const batch = batchOf(1);
    method.beginEpoch(1);
    const alive: number[] = [];
    for (let step = 1; step <= 50; step++) {
      descend(method, batch, context);
      if (step >= 2) alive.push(liveTensors());
    }
    expect(new Set(alive).size).toBe(1);
  });
});
