// The ensemble on tiny models: survivors only, resuming, warnings, verification.

import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { checkClasses, checkInference, checkSquare } from "../../src/attacks/autoattack/model-checks.js";
import {
  type AutoAttackOptions,
  type AutoAttackResult,
  type AutoAttackState,
  autoAttack,
  type Classifier,
  type EnsembleVersion,
  ensembleConstants,
  verifyAdversarial,
  warningNames,
} from "../../src/attacks/index.js";
import {
  enableGrad,
  Generator,
  grad,
  liveTensors,
  noGrad,
  rand,
  randn,
  setThreads,
  type Tensor,
  zeros,
} from "../../src/tensor/index.js";
import { tinyClassifier } from "./models.js";

setThreads(1);
const model = tinyClassifier(1, 10);
const images = rand([20, 3, 6, 6], new Generator(2));
const labels = noGrad(() => model.logits(images).argmax(1));
/** The standard ensemble in small. */
const whole = ensembleConstants("standard", "linf");
const brief = {
  ...{ ...whole, attacks: ["apgd-ce", "apgd-t", "fab-t", "square"] as const },
  apgd: { ...whole.apgd, steps: 3 },
  targetedApgd: { ...whole.targetedApgd, targets: 2 },
  fab: { ...whole.fab, steps: 3, targets: 2 },
  square: { ...whole.square, queries: 10 },
};
const setting = {
  model,
  images,
  labels,
  norm: "linf",
  epsilon: 0.02,
  version: brief,
} as const;

const results: AutoAttackResult[] = [];
async function run(options: Partial<AutoAttackOptions> = {}): Promise<AutoAttackResult> {
  const result = await autoAttack({ ...setting, ...options });
  results.push(result);
  return result;
}
afterEach(() => {
  for (const result of results.splice(0)) result.adversarial.dispose();
});

const ones = (flags: string) => [...flags].filter((flag) => flag === "1").length;

describe("autoAttack", () => {
  it("attacks survivors only and reports after each attack", async () => {
    const result = await run();
    expect(result.cleanAccuracy).toBe(1);
    expect(result.version).toBe("custom");
    expect(result.outcomes.map(({ attack }) => attack)).toEqual(["apgd-ce", "apgd-t", "fab-t", "square"]);
    let before = 20;
    for (const { attacked, standing, robust, accuracy } of result.outcomes) {
      expect(attacked).toBe(before);
      expect(standing).toBeLessThanOrEqual(attacked);
      expect(ones(robust)).toBe(standing);
      expect(accuracy).toBe(standing / 20);
      before = standing;
    }
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(20);
    expect(result.robustAccuracy).toBe(before / 20);
    expect(result.verification).toMatchObject({ insideBall: true, insideRange: true, agrees: true });
    expect(result.verification.accuracy).toBe(result.robustAccuracy);
  });

  it("leaks nothing and leaves the images alone", async () => {
    const pixels = images.toArray();
    (await autoAttack(setting)).adversarial.dispose();
    const before = liveTensors();
    (await autoAttack(setting)).adversarial.dispose();
    expect(liveTensors()).toBe(before);
    expect(images.toArray()).toEqual(pixels);
  });

  it("goes on after a kill, at any batch, to the same result", async () => {
    const saved: { state: AutoAttackState; adversarial: number[] }[] = [];
    const unbroken = await run({
      batchSize: 6,
      onState: (state, adversarial) => {
        saved.push({ state: JSON.parse(JSON.stringify(state)), adversarial: adversarial.toArray() });
      },
    });
    expect(saved.length).toBeGreaterThan(4);
    const expected = unbroken.adversarial.toArray();
    for (const at of [1, saved.length - 1]) {
      const { state, adversarial } = saved[at]!;
      const images20 = images.clone().write_(Float32Array.from(adversarial));
      let attacked = 0;
      const resumed = await run({
        ...{ batchSize: 6, resume: { state, adversarial: images20 } },
        onProgress: ({ done }) => {
          if (done === 1) attacked++;
        },
      });
      expect(resumed.robust).toBe(unbroken.robust);
      expect(resumed.adversarial.toArray()).toEqual(expected);
      expect(resumed.outcomes.map(({ robust }) => robust)).toEqual(
        unbroken.outcomes.map(({ robust }) => robust),
      );
      if (at === saved.length - 1) expect(attacked).toBe(0);
    }
  });

  it("refuses a state of another run", async () => {
    let last: AutoAttackState | undefined;
    await run({
      onState: (state) => {
        last = state;
      },
    });
    await expect(run({ seed: 5, resume: { state: last!, adversarial: images } })).rejects.toThrow(
      /The saved state is of another AutoAttack run \(20 images/,
    );
  });

  it("stops between batches when it is told to", async () => {
    const controller = new AbortController();
    const stopped = run({
      ...{ batchSize: 4, signal: controller.signal },
      onState: () => controller.abort(new Error("enough")),
    });
    await expect(stopped).rejects.toThrow("enough");
  });

  it.each([
    [{ epsilon: 2 }, /epsilon of attack AutoAttack custom for norm linf must be/],
    [{ norm: "l7" as "l1" }, /must be linf, l2 or l1, got "l7"/],
    [{ batchSize: 0 }, /batchSize of attack AutoAttack custom must be an integer ≥ 1, got 0/],
    [{ labels: labels.add(10) }, /takes labels from 0 to 9/],
    [{ images: images.slice(0, 0, 0), labels: labels.slice(0, 0, 0) }, /at least one image, got none/],
  ])("refuses %o", async (options, message) => {
    await expect(run(options)).rejects.toThrow(message);
  });
});

describe("warnings", () => {
  const named = async (options: Partial<AutoAttackOptions>) =>
    (await run({ version: { ...brief, attacks: ["apgd-dlr"] }, ...options })).warnings.map(
      ({ name }) => name,
    );

  it("none for an ordinary model", async () => {
    expect(await named({})).toEqual([]);
  });

  it("zero-gradient", async () => {
    // Constant steps: the gradient is zero everywhere although the prediction depends on the image.
    const flat: Classifier = { logits: (x) => model.logits(x).mul(0).add(model.logits(x.detach()).detach()) };
    expect(await named({ model: flat })).toEqual(["zero-gradient"]);
  });

  it("randomised-output", async () => {
    const noise = new Generator(1);
    const random: Classifier = {
      logits: (x) => model.logits(x).add(randn([x.shape[0]!, 10], noise).mul(0.1)),
    };
    expect(await named({ model: random })).toContain("randomised-output");
  });

  it("probabilities-not-logits", async () => {
    expect(await named({ model: { logits: (x) => model.logits(x).softmax(1) } })).toEqual([
      "probabilities-not-logits",
    ]);
  });

  it("optimisation-at-inference", () => {
    const purifier: Classifier = {
      logits: (x) => {
        const point = x.detach().requiresGrad_();
        const [g] = enableGrad(() => grad(model.logits(point).sum(), [point])) as [Tensor];
        return model.logits(x.sub(g.mul(1e-3)));
      },
    };
    expect(checkInference(purifier, images).map(({ name }) => name)).toEqual(["optimisation-at-inference"]);
    expect(checkInference(model, images)).toEqual([]);
  });

  it("too-few-classes", () => {
    const messages = checkClasses(3, ensembleConstants("standard", "linf")).map(({ message }) => message);
    expect(messages).toEqual([
      "apgd-t is set to 9 target classes; the model has 2 wrong ones, and these are used.",
      "fab-t is set to 9 target classes; the model has 2 wrong ones, and these are used.",
    ]);
    expect(checkClasses(10, ensembleConstants("standard", "linf"))).toEqual([]);
  });

  it("an ensemble that a model of so few classes cannot have is refused before any of its attacks runs", async () => {
    const three: Classifier = { logits: (x) => x.flatten(1).slice(1, 0, 3) };
    const sample = rand([4, 3, 4, 4], new Generator(1));
    const labels = zeros([4], { dtype: "int64" });
    const seen: string[] = [];
    const run = (version: EnsembleVersion) =>
      autoAttack({
        ...{ model: three, images: sample, labels, norm: "linf", epsilon: 0.1, version },
        onProgress: ({ attack }) => void seen.push(attack),
      });
    await expect(run("plus")).rejects.toMatchObject({
      code: "config",
      message:
        "The ensemble's apgd-t needs 4 classes, the model has 3; without it: apgd-ce, apgd-dlr, fab, square, fab-t.",
    });
    expect(seen).toEqual([]);
  });

  it("square-stronger", () => {
    const after = (attack: string, standing: number) => ({
      ...{
        attack,
        standing,
        attacked: 500,
        accuracy: standing / 500,
        seconds: 1,
        unconfirmed: 0,
        robust: "",
      },
    });
    const white = [after("apgd-ce", 210), after("apgd-t", 200)];
    expect(checkSquare([...white, after("square", 199)], 500)).toEqual([]);
    const [warning] = checkSquare([...white, after("square", 198)], 500);
    expect(warning).toEqual({
      name: "square-stronger",
      message: "Square, which uses no gradients, fooled 2 of 500 images that no other attack had fooled.",
    });
    expect(checkSquare([after("square", 100)], 500)).toEqual([]);
  });

  it("unusual-ensemble", async () => {
    const wrong = labels.add(1).remainder(10);
    const { warnings } = await run({ labels: wrong, norm: "l1", epsilon: 1, version: "plus" });
    expect(warnings.map(({ name }) => name)).toEqual(["unusual-ensemble"]);
  });

  it("all have a section in the docs", () => {
    const docs = readFileSync(new URL("../../docs/warnings.md", import.meta.url), "utf8");
    for (const name of warningNames) expect(docs).toContain(`## ${name}\n`);
  });
});

describe("verifyAdversarial", () => {
  const flags = "1".repeat(20);

  it.each([
    ["outside the ball", images.add(0.03).clamp(0, 1), { insideBall: false }],
    ["outside [0, 1]", images.add(0.019), { insideRange: false }],
    ["NaN", images.mul(Number.NaN), { insideBall: false, insideRange: false }],
  ])("sees images that are %s", (_what, adversarial, expected) => {
    const found = verifyAdversarial(model, images, labels, adversarial, {
      norm: "linf",
      epsilon: 0.02,
      reported: flags,
    });
    expect(found).toMatchObject({ ...expected, agrees: false });
  });

  it("sees a result that the images do not bear out", () => {
    const reported = `0${flags.slice(1)}`;
    const found = verifyAdversarial(model, images, labels, images, { norm: "linf", epsilon: 0.02, reported });
    expect(found).toMatchObject({ insideBall: true, insideRange: true, accuracy: 1, agrees: false });
  });
});
