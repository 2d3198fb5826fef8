// ACAT's two steps with their schedule, and one step from wide noise (N-FGSM), against the released codes (frontier.json).
import { expect, it } from "vitest";
import { pgd } from "../../src/attacks/index.js";
import { predictionDivergence } from "../../src/losses/index.js";
import { rampShare, tradesRegulariser } from "../../src/methods/index.js";
import { crossEntropy, Generator, grad, noGrad, scope, type Tensor, tensor } from "../../src/tensor/index.js";
import { onTestDevice, testDevice } from "../test-device.js";
import {
  describeGolden,
  expectWithin,
  type FillDescription,
  fillModel,
  goldenInput,
  goldenLabels,
  type InputDescription,
  uniforms,
} from "./generator.js";
import type { Labels } from "./methods-file.js";
import { type InputStatistics, SmallNet } from "./small-net.js";

interface Attacked {
  adv_first32: number[];
  adv_sum_float64: number;
  adv_sum_per_image: number[];
  eval_logits: number[][];
}

interface OneStep {
  epsilon_255: number;
  alpha_255: number;
  k: number;
  clip?: number;
  value: number;
  delta_first32: number[];
  delta_sum_float64: number;
  delta_l2: number;
  max_abs_delta_pixels_times_255: number;
}

interface Frontier {
  tolerance: {
    rel_values: number;
    attack_rel_adv_sum: number;
    attack_rel_loss: number;
    rel_grad_norms: number;
  };
  dajat: {
    attack_schedule: Record<
      string,
      { rows: [epoch: number, epsilon: number, step: number, steps: number][] }
    >;
    attack: {
      images: InputDescription;
      labels: Labels;
      fill_base: number;
      normal_noise: { seeds_base_auto1_auto2: number[] };
      cases: Record<string, Attacked & { epsilon: number; step_size: number; steps: number }>;
    };
    loss: {
      cases: Record<
        "acat",
        {
          beta: number;
          value: number;
          natural_base: number;
          robust_base: number;
          grad_norms: Record<string, number | null>;
        }
      >;
    };
  };
  single_step: {
    one_step: InputStatistics & {
      images: InputDescription;
      labels: Labels;
      fill_base: number;
      noise: { seed: number };
      cases: Record<string, OneStep>;
    };
  };
}

const fillOf = (base: number): FillDescription => ({ base, stride: 7919, "dim>=2 scale": 1 });

describeGolden<Frontier>("frontier.json", ({ tolerance, dajat, single_step: { one_step: single } }) => {
  const { attack_rel_adv_sum: relSum, attack_rel_loss: relLoss } = tolerance;

  it.each(Object.entries(dajat.attack_schedule).filter(([name]) => name.endsWith("low")))(
    "epsilon and step of each epoch, %s",
    (name, { rows }) => {
      const epochs = Number(/_(\d+)_/.exec(name)?.[1]);
      for (const [epoch, epsilon, step] of rows) {
        const ours = (8 / 255) * rampShare({ from: 0, over: 1 }, epoch, epochs);
        expect(Math.abs(ours - epsilon)).toBeLessThan(1e-12);
        expect(epsilon).toBe(step);
      }
    },
  );

  const { attack, loss } = dajat;
  const images = goldenInput(attack.images);

  function filledNet(base: number, statistics?: InputStatistics): SmallNet {
    const model = onTestDevice(new SmallNet(statistics ? { statistics } : { autoNorms: true }));
    fillModel(model.stateDict(), fillOf(base));
    return model;
  }

  function examples({
    epsilon,
    step_size,
    steps,
  }: {
    epsilon: number;
    step_size: number;
    steps: number;
  }): Tensor {
    const model = filledNet(attack.fill_base);
    const noise = uniforms(attack.normal_noise.seeds_base_auto1_auto2[0]!, images.size);
    const start = () =>
      tensor(
        Float32Array.from(noise, (u) => 0.001 * Math.fround(3 * (2 * u - 1))),
        { shape: images.shape, device: testDevice },
      );
    model.setMode("eval");
    const clean = noGrad(() => model.logits(images));
    const objective = (logits: Tensor) => predictionDivergence(clean, logits);
    return pgd({ norm: "linf", epsilon, stepSize: step_size, steps, start, objective }).perturb(
      model,
      images,
      goldenLabels(attack.labels),
      new Generator(1, testDevice),
    );
  }

  const bases = Object.entries(attack.cases).filter(([name]) => !name.includes("auto"));
  it.each(bases)("examples of %s", (_name, expected) => {
    const adversarial = examples(expected);
    const values = adversarial.toArray();
    expectWithin(values.slice(0, 32), expected.adv_first32, 1e-6, "first pixels");
    expectWithin(
      values.reduce((sum, value) => sum + value, 0),
      expected.adv_sum_float64,
      relSum,
      "sum",
    );
    const model = filledNet(attack.fill_base);
    model.setMode("eval");
    const logits = noGrad(() => model.logits(adversarial)).toArray();
    expectWithin(logits, expected.eval_logits.flat(), relLoss, "logits");
  });

  it("ACAT's loss is that of TRADES on its examples", () => {
    const expected = loss.cases.acat;
    // The file takes the examples of its strongest case.
    const adversarial = examples(attack.cases.dajat_5_steps_base!);
    const model = filledNet(attack.fill_base);
    const labels = goldenLabels(attack.labels);
    scope(() => {
      const clean = model.logits(images);
      const natural = crossEntropy(clean, labels);
      const robust = tradesRegulariser(clean, model.logits(adversarial), expected.beta);
      expectWithin(natural.item(), expected.natural_base, tolerance.rel_values, "natural");
      expectWithin(robust.item() / expected.beta, expected.robust_base, relLoss, "robust");
      expectWithin(natural.add(robust).item(), expected.value, relLoss, "value");
      const parameters = [...model.namedParameters()].filter(([name]) => !name.includes("auto"));
      const gradients = grad(
        natural.add(robust),
        parameters.map(([, tensor]) => tensor),
      );
      for (const [i, [name]] of parameters.entries()) {
        if (/conv.*bias/.test(name)) continue;
        expectWithin(gradients[i]!.norm(2).item(), expected.grad_norms[name]!, relLoss, name);
      }
    });
  });

  it.each(Object.entries(single.cases))("one step, %s", (_name, expected) => {
    const { epsilon_255, alpha_255, k, clip } = expected;
    const [epsilon, stepSize] = [epsilon_255 / 255, alpha_255 / 255];
    const clean = goldenInput(single.images);
    const labels = goldenLabels(single.labels);
    const model = filledNet(single.fill_base, single);
    const u = uniforms(single.noise.seed, clean.size);
    const start = () =>
      tensor(
        Float32Array.from(u, (value) => k * epsilon * (2 * value - 1)),
        { shape: clean.shape, device: testDevice },
      );
    // Fast-AT's own loop clips to epsilon; this code's does where `clip` says so.
    const projection = clip === -1 ? "image" : "ball";
    const attack = pgd({ norm: "linf", epsilon, stepSize, steps: 1, start, projection, clampStart: true });
    model.setMode("train");
    const adversarial = attack.perturb(model, clean, labels, new Generator(1, testDevice));
    const moved = adversarial.sub(clean).toArray();
    const pixels = clean.shape[2]! * clean.shape[3]!;
    const normalised = moved.map((value, i) => value / single.std[Math.floor(i / pixels) % 3]!);
    expectWithin(normalised.slice(0, 32), expected.delta_first32, 1e-4, "first pixels");
    const length = Math.sqrt(normalised.reduce((sum, value) => sum + value ** 2, 0));
    expectWithin(length, expected.delta_l2, relSum, "length");
    expectWithin(
      Math.max(...moved.map(Math.abs)) * 255,
      expected.max_abs_delta_pixels_times_255,
      1e-4,
      "largest",
    );
    scope(() => {
      expectWithin(crossEntropy(model.logits(adversarial), labels).item(), expected.value, relLoss, "loss");
    });
  });
});
