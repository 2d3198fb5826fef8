// Models with fast logits: attacks look for examples with them, and the plain logits decide what counts.
import { afterEach, describe, expect, it } from "vitest";
import { evenBatches } from "../../src/attacks/autoattack/autoattack.js";
import {
  type AutoAttackOptions,
  type AutoAttackResult,
  type AutoAttackState,
  apgd,
  autoAttack,
  type BallName,
  ballNames,
  type Classifier,
  ensembleConstants,
  fab,
  square,
} from "../../src/attacks/index.js";
import { Generator, noGrad, rand, scope, setThreads, type Tensor } from "../../src/tensor/index.js";
import { tinyClassifier } from "./models.js";

setThreads(1);
const plain = tinyClassifier(1, 10);
const images = rand([20, 3, 6, 6], new Generator(2));
const labels = noGrad(() => plain.logits(images).argmax(1));
const radius = { linf: 0.03, l2: 0.3, l1: 3 };

/** A model that notes how many images it is asked about in which way. */
function asked(fast: (images: Tensor) => Tensor): Required<Classifier> & { plain: number; fast: number } {
  const model = {
    plain: 0,
    fast: 0,
    logits: (x: Tensor) => {
      model.plain += x.shape[0]!;
      return plain.logits(x);
    },
    fastLogits: (x: Tensor) => {
      model.fast += x.shape[0]!;
      return fast(x);
    },
  };
  return model;
}

const whole = (norm: BallName) => ensembleConstants("standard", norm);
const brief = (norm: BallName) => ({
  ...{ ...whole(norm), attacks: ["apgd-ce", "apgd-t", "fab-t", "square"] as const },
  apgd: { ...whole(norm).apgd, steps: 6, restarts: 1 },
  targetedApgd: { restarts: 1, targets: 2 },
  fab: { ...whole(norm).fab, steps: 6, targets: 2 },
  square: { ...whole(norm).square, queries: 20 },
});

const results: AutoAttackResult[] = [];
async function run(options: Partial<AutoAttackOptions> = {}): Promise<AutoAttackResult> {
  const { norm = "linf" } = options;
  const setting = { model: plain, images, labels, norm, epsilon: radius[norm], version: brief(norm) };
  const result = await autoAttack({ ...setting, ...options });
  results.push(result);
  return result;
}
afterEach(() => {
  for (const result of results.splice(0)) result.adversarial.dispose();
});

describe.each(ballNames)("in %s", (norm) => {
  const setting = { norm, epsilon: radius[norm] };
  const attacks = [
    apgd({ ...setting, objective: "ce", steps: 6, ...(norm === "l1" && { shrinkingRadius: true }) }),
    apgd({ ...setting, objective: "targeted-dlr", steps: 6, targets: 2 }),
    fab({ ...setting, steps: 6 }),
    fab({ ...setting, steps: 6, targeted: true, targets: 2 }),
    square({ ...setting, queries: 20 }),
  ];

  it.each(attacks)("$name finds with fast logits what it finds without, if both are the same", (attack) => {
    scope(() => {
      const model = asked((x) => plain.logits(x));
      const found = attack.perturb(model, images, labels, new Generator(1));
      expect(found.toArray()).toEqual(attack.perturb(plain, images, labels, new Generator(1)).toArray());
      const fooled = noGrad(() => plain.logits(found).argmax(1).ne(labels).sum().item());
      expect(fooled).toBeGreaterThan(0);
      // The clean images, and each example once.
      expect(model.plain).toBe(20 + fooled);
      expect(model.fast).toBeGreaterThan(6 * 10);
    });
  });

  it.each(attacks)("$name counts no example that is not confirmed", (attack) => {
    scope(() => {
      // Wrong about every image: its examples are the clean images, or near them.
      const model = asked((x) => plain.logits(x).mul(-1));
      const found = attack.perturb(model, images, labels, new Generator(1));
      const changed = found.sub(images).abs().flatten(1).amax(1).gt(0);
      const fooled = noGrad(() => plain.logits(found).argmax(1).ne(labels));
      expect(changed.toArray()).toEqual(fooled.toArray());
    });
  });
});

describe("AutoAttack with fast logits", () => {
  it("says that it used them; what is not confirmed is counted, stands, and goes on to the next attack", async () => {
    const same = await run({ model: asked((x) => plain.logits(x)) });
    const without = await run();
    expect([same.fastLogits, same.unconfirmed]).toEqual([true, 0]);
    expect([without.fastLogits, without.unconfirmed]).toEqual([false, 0]);
    expect(same.robust).toBe(without.robust);
    expect(same.adversarial.toArray()).toEqual(without.adversarial.toArray());

    // Fast logits that take images for fooled a little too early.
    const hasty = asked((x) => plain.logits(x).sub(oneHot(x)));
    const result = await run({ model: hasty });
    expect(result.unconfirmed).toBeGreaterThan(0);
    expect(result.unconfirmed).toBe(result.outcomes.reduce((sum, { unconfirmed }) => sum + unconfirmed, 0));
    expect(result.verification.agrees).toBe(true);
    result.outcomes.slice(1).forEach(({ attacked }, i) => {
      expect(attacked).toBe(result.outcomes[i]!.standing);
    });
  });

  it("computes the clean logits once for all attacks", async () => {
    const model = asked((x) => plain.logits(x));
    const { robust, outcomes } = await run({ model });
    const fooled = [...robust].filter((flag) => flag === "0").length;
    const judged = outcomes.reduce((sum, { attacked }) => sum + attacked, 0);
    // At first, five times for the check of randomness, once without gradients; each example; each batch; the verification.
    expect(model.plain).toBe(20 + 5 * 20 + 1 + fooled + judged + 20);
  });

  it("a state of a run without them is not continued with them", async () => {
    const saved: AutoAttackState[] = [];
    await run({ batchSize: 8, onState: (state) => void saved.push(state) });
    const resume = { state: saved[0]!, adversarial: images };
    const model = asked((x) => plain.logits(x));
    await expect(run({ batchSize: 8, model, resume })).rejects.toMatchObject({ code: "checkpoint" });
  });
});

/** 0.2 at the label's place, as far as the plain network's margin is small there. */
function oneHot(x: Tensor): Tensor {
  return noGrad(() => {
    const logits = plain.logits(x);
    const best = logits.amax(1, true);
    return logits.ge(best).to("float32").mul(0.2);
  });
}

describe("the order of the images", () => {
  it.each(ballNames)(
    "decides nothing: screened or not, in whatever batches, the results are the same (%s)",
    async (norm) => {
      const plainOrder = await run({ norm, batchSize: 20 });
      const flags = plainOrder.outcomes.map(({ robust }) => robust);
      const pixels = plainOrder.adversarial.toArray();
      const states: AutoAttackState[] = [];
      const screened = await run({
        ...{ norm, batchSize: 7, screen: true },
        onState: (state) => void states.push(state),
      });
      const { order } = states[0]!;
      expect([...order!].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
      expect(order).not.toEqual([...order!].sort((a, b) => a - b));
      for (const other of [screened, await run({ norm, batchSize: 3 })]) {
        expect(other.outcomes.map(({ robust }) => robust)).toEqual(flags);
        const found = other.adversarial.toArray();
        // Products of other batches may round their last digit otherwise.
        expect(Math.max(...found.map((value, i) => Math.abs(value - pixels[i]!)))).toBeLessThan(1e-4);
      }
    },
  );

  it("is that of the state that is continued", async () => {
    const states: { state: AutoAttackState; adversarial: number[] }[] = [];
    const unbroken = await run({
      ...{ batchSize: 7, screen: true },
      onState: (state, adversarial) => {
        states.push({ state: JSON.parse(JSON.stringify(state)), adversarial: adversarial.toArray() });
      },
    });
    const { state, adversarial } = states[0]!;
    expect(state.current?.done).toBeLessThan(20);
    for (const screen of [true, false]) {
      const saved = images.clone().write_(Float32Array.from(adversarial));
      const resumed = await run({ batchSize: 7, screen, resume: { state, adversarial: saved } });
      saved.dispose();
      expect(resumed.robust).toBe(unbroken.robust);
      expect(resumed.adversarial.toArray()).toEqual(unbroken.adversarial.toArray());
    }
  });

  it("fills batches evenly", () => {
    expect(evenBatches(260, 250)).toEqual([0, 130, 260]);
    expect(evenBatches(250, 250)).toEqual([0, 250]);
    expect(evenBatches(7, 3)).toEqual([0, 2, 4, 7]);
  });
});
