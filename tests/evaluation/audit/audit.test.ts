// The audit on tiny models: it passes plain adversarial training and catches robustness that only looks so.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Audit,
  type AuditProgress,
  type AuditState,
  audit,
  auditCheckNames,
} from "../../../src/evaluation/index.js";
import { ImageClassifier } from "../../../src/nn/index.js";
import { noGrad, type Tensor } from "../../../src/tensor/index.js";
import {
  epsilon,
  stepSize,
  TinyClassifier,
  testBatches,
  trainAdversarially,
  trainingAttack,
} from "./tiny-models.js";

const classes = 10;
const batches = testBatches(200, classes);
afterAll(() => batches.dispose());

const examine = (model: ImageClassifier, checks?: string[], more = {}) =>
  audit({
    ...{ model, batches, norm: "linf" as const, epsilon, stepSize, seed: 4, queries: 100 },
    ...(checks && { checks }),
    ...more,
  });
const verdictsOf = ({ rows }: Audit) => Object.fromEntries(rows.map(({ name, verdict }) => [name, verdict]));

/** @param scale of a cosine classifier; null for a linear one */
function adversariallyTrained(scale: number | null, learningRate: number): TinyClassifier {
  const model = new TinyClassifier(classes, scale);
  trainAdversarially(model, { steps: 60, learningRate, attack: null });
  trainAdversarially(model, { steps: 300, learningRate, attack: trainingAttack });
  return model;
}

describe("models trained with PGD on the cross entropy", () => {
  let linear: TinyClassifier;
  let undefended: TinyClassifier;
  beforeAll(() => {
    linear = adversariallyTrained(null, 0.02);
    undefended = new TinyClassifier(classes, null);
    trainAdversarially(undefended, { steps: 100, learningRate: 0.02, attack: null });
  }, 60_000);
  afterAll(() => {
    linear.dispose();
    undefended.dispose();
  });

  it("passes with a linear classifier, in every check", async () => {
    const stages: string[] = [];
    const found = await examine(linear, undefined, {
      surrogate: undefended,
      onProgress: ({ name, check, checks, done, total }: Record<string, number | string>) => {
        if (done === total) stages.push(`${check}/${checks} ${name}`);
      },
    });
    expect(verdictsOf(found)).toEqual(Object.fromEntries(auditCheckNames.map((name) => [name, "pass"])));
    expect(found.verdict).toBe("pass");
    expect(found.figure).toEqual({ verdict: "stands", quote: null });
    expect(found.images).toBe(200);
    expect(found.robust).toBeGreaterThan(0.8);
    expect(found.robust).toBeLessThan(found.clean);
    expect(stages).toContain(`1/10 ${auditCheckNames[0]}`);
    expect(stages.at(-1)).toBe(`10/10 ${auditCheckNames.at(-1)}`);
  });

  it("finds the same numbers again", async () => {
    const checks = ["logit-scale", "random-restarts", "black-box"];
    const [first, second] = [await examine(linear, checks), await examine(linear, checks)];
    expect(second.rows).toEqual(first.rows);
  });

  it("fails with a cosine classifier of scale 1, whose flat softmax misleads the attack", async () => {
    const cosine = adversariallyTrained(1, 0.05);
    const found = await examine(cosine, ["zero-gradients", "large-epsilon", "logit-scale"]);
    expect(found.verdict).toBe("fail");
    // Its gradients are there, and lead somewhere: the size of the logits alone is to blame.
    expect(verdictsOf(found)).toEqual({
      "zero-gradients": "pass",
      "large-epsilon": "pass",
      "logit-scale": "fail",
    });
    const { measured, explanation } = found.rows.find(({ name }) => name === "logit-scale")!;
    expect(measured["accuracy x1"]).toBe(found.robust);
    expect(measured.gain).toBeGreaterThan(0.1);
    expect(measured["accuracy x10"]).toBeLessThan(found.robust - 0.1);
    expect(explanation).toMatch(
      /^pgd-20 --logit-scale 10+ leaves \d+\.\d % instead of \d+\.\d %: .*finds only 2\d\.\d %: the model stands/,
    );
    expect(found.figure.verdict).toBe("overstated");
    expect(found.figure.quote!.accuracy).toBe(measured["accuracy x10"]);
    cosine.dispose();
  });
});

/** A network that sees its images only in few levels: correct, and without gradients. */
class Quantised extends ImageClassifier {
  override readonly architecture = "quantised";
  override readonly classes = classes;
  override readonly featureSize = 64;

  constructor(readonly network: ImageClassifier) {
    super();
    this.child("network", network);
  }

  override features(images: Tensor): Tensor {
    // Rounded, and joined to the graph by a product with zero.
    const levels = noGrad(() => images.detach().mul(8).add(0.5).floor().div(8));
    return this.network.features(levels.add(images.mul(0)));
  }

  override classify(features: Tensor): Tensor {
    return this.network.classify(features);
  }
}

describe("robustness that is not there", () => {
  it("a rounding step without gradients fails where it should", async () => {
    const network = new TinyClassifier(classes, null);
    trainAdversarially(network, { steps: 100, learningRate: 0.02, attack: null });
    const checks = ["zero-gradients", "large-epsilon", "transfer", "black-box"];
    const found = await examine(new Quantised(network), checks, { surrogate: network, queries: 300 });
    expect(verdictsOf(found)).toEqual({
      "zero-gradients": "fail",
      "large-epsilon": "fail",
      transfer: "fail",
      "black-box": "fail",
    });
    expect(found.rows[0]!.measured).toEqual({ imagesWithoutGradient: 1, zeroValues: 1 });
    network.dispose();
  });

  it("an untrained network has nothing to defend", async () => {
    const model = new TinyClassifier(classes, null);
    const found = await examine(model, ["zero-gradients"]);
    expect(found.rows[0]!.verdict).toBe("pass");
    expect(found.verdict).toBe("inconclusive");
    model.dispose();
  });
});

describe("the loss around images", () => {
  it("is highest along the gradient, and lowest against it, for a smooth model", async () => {
    const model = new TinyClassifier(classes, null);
    trainAdversarially(model, { steps: 100, learningRate: 0.02, attack: null });
    const { surfaces } = await examine(model, ["loss-surface"]);
    expect(surfaces.map(({ image }) => image)).toEqual([0, 1, 2, 3]);
    for (const { offsets, losses } of surfaces) {
      expect([offsets[0], offsets[10], offsets[20]]).toEqual([-2, 0, 2]);
      const [below, at, above] = [losses[5]![10]!, losses[10]![10]!, losses[15]![10]!];
      expect(above).toBeGreaterThan(at);
      expect(below).toBeLessThan(at);
      // A step of epsilon along the gradient weighs more than one aside.
      expect(above - at).toBeGreaterThan(Math.abs(losses[10]![15]! - at));
    }
    model.dispose();
  });
});

describe("an audit that was stopped", () => {
  const checks = ["zero-gradients", "single-step", "logit-scale", "random-restarts"];

  it("goes on with what is missing, to the same rows", async () => {
    const model = new TinyClassifier(classes, null);
    trainAdversarially(model, { steps: 60, learningRate: 0.02, attack: null });
    const unbroken = await examine(model, checks);
    const controller = new AbortController();
    let saved: AuditState | undefined;
    const stopped = examine(model, checks, {
      signal: controller.signal,
      onState: (state: AuditState) => {
        saved = JSON.parse(JSON.stringify(state));
        if ("pgd-20-x10" in state.found) controller.abort(new Error("enough"));
      },
    });
    await expect(stopped).rejects.toThrow("enough");
    expect(saved!.rows.map(({ name }) => name)).toEqual(["zero-gradients", "single-step"]);

    const stages = new Set<string>();
    const left: (number | null)[] = [];
    const resumed = await examine(model, checks, {
      resume: saved,
      onProgress: ({ stage, secondsLeft }: AuditProgress) => {
        stages.add(stage);
        left.push(secondsLeft);
      },
    });
    expect([...stages]).toEqual(["pgd-20-x100", "pgd-20-restarts"]);
    expect(resumed.rows).toEqual(unbroken.rows);
    expect(resumed).toMatchObject({
      verdict: unbroken.verdict,
      clean: unbroken.clean,
      robust: unbroken.robust,
    });
    expect(resumed.seconds).toBeGreaterThan(saved!.seconds);
    // Nothing is known before the first batch, nothing is left after the last.
    expect(left[0]).toBeNull();
    expect(left.at(-1)).toBe(0);
    model.dispose();
  });
});

describe("refusals", () => {
  const model = new TinyClassifier(classes, null);
  afterAll(() => model.dispose());

  it("names an unknown check and those there are", async () => {
    await expect(examine(model, ["magic"])).rejects.toThrow(
      'There is no check "magic"; accepted are zero-gradients, loss-surface, single-step,',
    );
  });

  it("needs images", async () => {
    const none = { count: 0, batch: batches.batch };
    await expect(examine(model, [], { batches: none })).rejects.toThrow(
      "There is no image to audit the model on.",
    );
  });

  it("stops with the signal's reason", async () => {
    const controller = new AbortController();
    controller.abort(new Error("enough"));
    await expect(examine(model, ["single-step"], { signal: controller.signal })).rejects.toThrow("enough");
  });

  it("a check that meets NaN is inconclusive and says why, the others go on", async () => {
    // On images of extreme colours the features of this network are divided by zero.
    class Fragile extends TinyClassifier {
      override features(images: Tensor): Tensor {
        const moderate = images.sub(0.5).abs().mean([1, 2, 3]).lt(0.35).to("float32");
        return super.features(images).div(moderate.unsqueeze(1));
      }
    }
    const fragile = new Fragile(classes, 1);
    const found = await examine(fragile, ["zero-gradients", "large-epsilon"]);
    const row = found.rows.find(({ name }) => name === "large-epsilon")!;
    expect(row.verdict).toBe("inconclusive");
    expect(row.explanation).toContain("finite logits");
    fragile.dispose();
  });
});
