// GKL and IKL, ReBAT, CFA and DAFA against the released codes (frontier.json).
import { describe, expect, it } from "vitest";
import { pgd } from "../../src/attacks/index.js";
import { ClassConstant, predictionDivergence, recognitionLoss } from "../../src/losses/index.js";
import {
  calibrated,
  cfaShares,
  classAccuracies,
  classPredictions,
  dafaWeights,
  gklDivergence,
  tradesRegulariser,
} from "../../src/methods/index.js";
import { crossEntropy, Generator, grad, noGrad, scope, type Tensor, tensor } from "../../src/tensor/index.js";
import { onTestDevice, testDevice } from "../test-device.js";
import {
  describeGolden,
  expectWithin,
  fillModel,
  goldenInput,
  goldenLabels,
  type InputDescription,
  uniforms,
} from "./generator.js";
import type { Labels } from "./methods-file.js";
import { type InputStatistics, SmallNet } from "./small-net.js";

type Moved = { seed: number; shape: number[]; first4: number[] };
interface GklCase {
  weights: "uniform" | "T1" | "T4";
  alpha: number;
  beta: number;
  gamma?: number;
  value: number;
  grad_nat_first20: number[];
  grad_nat_l2: number;
  grad_adv_first20: number[];
  grad_adv_l2: number;
  with_ce_nat_value?: number;
}
interface GklSet {
  nat: InputDescription;
  adv: Moved;
  labels: Labels;
  statistics: { logits: { seed: number; shape: number[] } };
  weight_matrix: Record<"uniform" | "T1" | "T4", { row0: number[]; l2: number; trace: number }>;
  losses: Record<string, GklCase>;
}
interface RebatSet {
  online_logits_on_adversarial: InputDescription;
  ema_logits_on_adversarial: Moved;
  labels: Labels;
  losses: Record<
    string,
    {
      beta_used: number;
      value: number;
      regulariser: number;
      grad_online_first20: number[];
      grad_online_l2: number;
    }
  >;
}
interface Attacked {
  value: number;
  adv_first32: number[];
  adv_sum_float64: number;
  grad_norms: Record<string, number>;
}
interface AttackSetup {
  images: InputDescription;
  labels: Labels;
  fill_base: number;
  normal_noise: { seed: number };
}
type Calibration = { class_eps: number[]; class_beta: number[] };

interface Frontier {
  tolerance: {
    rel_values: number;
    rel_grad_elements: number;
    rel_grad_norms: number;
    attack_rel_adv_sum: number;
    attack_rel_loss: number;
  };
  gkl: Record<"c10" | "c100", GklSet>;
  rebat: Record<"c10" | "c100", RebatSet>;
  cfa: {
    calibration: { cases: Record<string, { robust_accuracy: number[] } & Record<string, unknown>> };
    classwise_accuracy: {
      robust_logits: InputDescription;
      cases: Record<
        string,
        {
          labels: number[];
          classwise_robust: number[];
          true_classwise_robust: number[];
          class_eps_from_logged: number[];
        }
      >;
    };
    attack_and_loss: AttackSetup &
      InputStatistics & {
        uniform_noise: { seed: number };
        cases: Record<"cw_at" | "cw_trades" | "uniform_trades", Attacked>;
      };
  };
  dafa: {
    class_weights: {
      cases: Record<
        string,
        { lambda: number; weights_float64: number[]; matrix?: string | { seed: number; formula: string } }
      >;
    };
    attack_and_loss: AttackSetup & {
      cases: Record<"trades", Attacked & { natural: number; robust: number }>;
    };
  };
}

const seedOf = (description: InputDescription | { seed: number }) => description.seed;

/** float32 numbers plus noise 2·(2u − 1), added in float64. */
function around(base: Tensor, seed: number): Tensor {
  const u = uniforms(seed, base.size);
  const values = Float32Array.from(base.toArray(), (value, i) => value + 2 * (2 * u[i]! - 1));
  return tensor(values, { shape: base.shape, device: testDevice });
}

describeGolden<Frontier>("frontier.json", ({ tolerance, gkl, rebat, cfa, dafa }) => {
  const { rel_values: rel, rel_grad_elements: relElements, rel_grad_norms: relNorms } = tolerance;

  describe.each(["c10", "c100"] as const)("GKL, %s", (set) => {
    const golden = gkl[set];
    const nat = goldenInput(golden.nat);
    const adv = around(nat, golden.adv.seed);
    const labels = goldenLabels(golden.labels);
    const classes = nat.shape[1]!;

    /** The file's statistics: 4·(2u − 1), raised by 4 at the label, the labels counting up again and again. */
    function weightsOf(name: GklCase["weights"]): number[][] {
      if (name === "uniform")
        return Array.from({ length: classes }, () => new Array<number>(classes).fill(1 / classes));
      const { seed, shape } = golden.statistics.logits;
      const [count] = shape as [number, number];
      const u = uniforms(seed, count * classes);
      const values = Float32Array.from(u, (value, i) => {
        const raised = i % classes === Math.floor(i / classes) % classes ? 4 : 0;
        return 4 * (2 * value - 1) + raised;
      });
      const temperature = name === "T4" ? 4 : 1;
      return scope(() => {
        const p = tensor(values, { shape, device: testDevice }).div(temperature).softmax(1).toArray();
        const sums = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
        for (const [i, value] of p.entries()) sums[Math.floor(i / classes) % classes]![i % classes]! += value;
        return classPredictions(sums);
      });
    }

    it.each(["uniform", "T4", "T1"] as const)("the classes' weights, %s", (name) => {
      const matrix = weightsOf(name);
      const { row0, l2, trace } = golden.weight_matrix[name];
      expectWithin(matrix[0]!.slice(0, row0.length), row0, 1e-5, "row 0");
      expectWithin(Math.sqrt(matrix.flat().reduce((sum, value) => sum + value ** 2, 0)), l2, 1e-5, "length");
      expectWithin(
        matrix.reduce((sum, row, k) => sum + row[k]!, 0),
        trace,
        1e-5,
        "trace",
      );
    });

    // The augmented half with half a weight is one script's own.
    const cases = Object.entries(golden.losses).filter(([name]) => !name.includes("autoaug"));
    it.each(cases)("%s", (_name, expected) => {
      scope(() => {
        const [clean, moved] = [nat.detach().clone().requiresGrad_(), adv.detach().clone().requiresGrad_()];
        const table = tensor(Float32Array.from(weightsOf(expected.weights).flat()), {
          shape: [classes, classes],
          device: testDevice,
        });
        const options = { alpha: expected.alpha, beta: expected.beta, gamma: expected.gamma ?? 1 };
        const value = gklDivergence(clean, moved, table.indexSelect(0, labels), options);
        expectWithin(value.item(), expected.value, rel, "value");
        if (expected.with_ce_nat_value) {
          expectWithin(
            value.add(crossEntropy(clean, labels)).item(),
            expected.with_ce_nat_value,
            rel,
            "with CE",
          );
        }
        const second = grad(value, [moved])[0]!;
        expectWithin(
          second.toArray().slice(0, 20),
          expected.grad_adv_first20,
          relElements,
          "adversarial gradient",
        );
        expectWithin(second.norm(2).item(), expected.grad_adv_l2, relNorms, "its length");
      });
    });

    it("gives the clean logits the recorded gradients", () => {
      for (const expected of cases.map(([, one]) => one).filter(({ beta }) => beta > 0)) {
        scope(() => {
          const clean = nat.detach().clone().requiresGrad_();
          const table = tensor(Float32Array.from(weightsOf(expected.weights).flat()), {
            shape: [classes, classes],
            device: testDevice,
          });
          const options = { alpha: expected.alpha, beta: expected.beta, gamma: expected.gamma ?? 1 };
          const [gradient] = grad(gklDivergence(clean, adv, table.indexSelect(0, labels), options), [clean]);
          expectWithin(gradient!.toArray().slice(0, 20), expected.grad_nat_first20, relElements, "gradient");
          expectWithin(gradient!.norm(2).item(), expected.grad_nat_l2, relNorms, "length");
        });
      }
    });
  });

  it("GKL's row of a class without samples is even, where the released code spreads 0/0", () => {
    expect(
      classPredictions([
        [3, 1],
        [0, 0],
      ]),
    ).toEqual([
      [0.75, 0.25],
      [0.5, 0.5],
    ]);
  });

  describe.each(["c10", "c100"] as const)("ReBAT, %s", (set) => {
    const golden = rebat[set];
    it.each(Object.entries(golden.losses))("%s", (_name, expected) => {
      scope(() => {
        const online = goldenInput(golden.online_logits_on_adversarial);
        const average = around(online, golden.ema_logits_on_adversarial.seed);
        const given = online.detach().clone().requiresGrad_();
        const regulariser = predictionDivergence(average, given).mean();
        expectWithin(regulariser.item(), expected.regulariser, rel, "regulariser");
        const value = crossEntropy(given, goldenLabels(golden.labels)).add(
          regulariser.mul(expected.beta_used),
        );
        expectWithin(value.item(), expected.value, rel, "value");
        const [gradient] = grad(value, [given]);
        expectWithin(gradient!.toArray().slice(0, 20), expected.grad_online_first20, relElements, "gradient");
        expectWithin(gradient!.norm(2).item(), expected.grad_online_l2, relNorms, "length");
      });
    });
  });

  describe("CFA", () => {
    const cases = Object.entries(cfa.calibration.cases).flatMap(([name, { robust_accuracy, ...settings }]) =>
      Object.entries(settings).map(
        ([key, value]) => [name, key, robust_accuracy, value as Calibration] as const,
      ),
    );
    it.each(cases)("%s, %s", (_name, key, accuracies, expected) => {
      const [, lambda, regularisation, beta] = /lambda1_(.*)_lambda2_(.*)_beta_(.*)/
        .exec(key)!
        .map(Number) as number[];
      const shares = cfaShares(accuracies, lambda!);
      expectWithin(
        shares.map((share) => (share * 8) / 255),
        expected.class_eps,
        1e-6,
        "epsilon",
      );
      const betas = cfaShares(accuracies, regularisation!).map((share) => share * beta!);
      expectWithin(
        betas.map((value) => value / (1 + value)),
        expected.class_beta,
        1e-6,
        "beta",
      );
    });

    it.each(["balanced", "long_tailed"])("accuracies of classes, as they are and as logged: %s", (name) => {
      const { labels, classwise_robust, true_classwise_robust, class_eps_from_logged } =
        cfa.classwise_accuracy.cases[name]!;
      const u = uniforms(seedOf(cfa.classwise_accuracy.robust_logits), labels.length * 10);
      const [right, seen] = [new Array<number>(10).fill(0), new Array<number>(10).fill(0)];
      for (const [i, label] of labels.entries()) {
        const row = Array.from(
          { length: 10 },
          (_, k) => 4 * (2 * u[i * 10 + k]! - 1) + (k === label ? 2.5 : 0),
        );
        seen[label]! += 1;
        if (row.indexOf(Math.max(...row)) === label) right[label]! += 1;
      }
      expectWithin(classAccuracies(right, seen, "class"), true_classwise_robust, 1e-6, "accuracies");
      const logged = classAccuracies(right, seen, "released");
      expectWithin(logged, classwise_robust, 1e-6, "as logged");
      expectWithin(
        cfaShares(logged, 0.5).map((share) => (share * 8) / 255),
        class_eps_from_logged,
        1e-6,
        "epsilon",
      );
    });
  });

  /** Examples of a filled small network within each image's own budget, and what the loss says of them. */
  function attacked(
    setup: AttackSetup,
    given: {
      statistics: InputStatistics | null;
      epsilon: number;
      stepSize: number;
      shares: readonly number[];
      stepShares: readonly number[] | null;
      start: "uniform" | "normal";
      noise: number;
      divergence: boolean;
      steps?: number;
    },
  ) {
    const images = goldenInput(setup.images);
    const labels = goldenLabels(setup.labels);
    const model = onTestDevice(new SmallNet({ statistics: given.statistics }));
    fillModel(model.stateDict(), { base: setup.fill_base, stride: 7919, "dim>=2 scale": 1 });
    const own = (shares: readonly number[]) =>
      tensor(Float32Array.from(shares), { device: testDevice }).indexSelect(0, labels);
    const u = uniforms(given.noise, images.size);
    const pixels = images.size / images.shape[0]!;
    const classOf = setup.labels.values;
    const clean = images.toArray();
    const start = () =>
      tensor(
        Float32Array.from(u, (value, i) => {
          if (given.start === "normal") return 0.001 * Math.fround(3 * (2 * value - 1));
          const radius = given.epsilon * given.shares[classOf[Math.floor(i / pixels)]!]!;
          const moved = (Math.fround(value) - 0.5) * 2 * radius;
          return Math.min(Math.max(moved, -clean[i]!), 1 - clean[i]!);
        }),
        { shape: images.shape, device: testDevice },
      );
    model.setMode(given.divergence ? "eval" : "batch");
    const fixed = noGrad(() => model.logits(images));
    const attack = pgd({
      ...{ norm: "linf", epsilon: given.epsilon, stepSize: given.stepSize, steps: given.steps ?? 10, start },
      ...(given.divergence && { objective: (logits: Tensor) => predictionDivergence(fixed, logits) }),
    });
    const budget = { epsilon: own(given.shares), stepSize: given.stepShares && own(given.stepShares) };
    const adversarial = attack.perturb(model, images, labels, new Generator(1, testDevice), budget);
    model.setMode("train");
    return { model, images, labels, adversarial, own, started: () => images.add(start()) };
  }

  function expectAttacked(adversarial: Tensor, expected: Attacked): void {
    const values = adversarial.toArray();
    expectWithin(values.slice(0, 32), expected.adv_first32, 1e-6, "first pixels");
    expectWithin(
      values.reduce((sum, value) => sum + value, 0),
      expected.adv_sum_float64,
      tolerance.attack_rel_adv_sum,
      "sum",
    );
  }

  function expectGradients(model: SmallNet, loss: Tensor, expected: Attacked): void {
    const parameters = [...model.namedParameters()];
    const gradients = grad(
      loss,
      parameters.map(([, value]) => value),
    );
    for (const [i, [name]] of parameters.entries()) {
      if (/conv.*bias/.test(name)) continue;
      expectWithin(gradients[i]!.norm(2).item(), expected.grad_norms[name]!, tolerance.attack_rel_loss, name);
    }
  }

  const edges = cfa.calibration.cases.with_edges!;
  it("CFA's examples and loss in its plain form", () => {
    const setup = cfa.attack_and_loss;
    const after = (steps: number) =>
      attacked(setup, {
        ...{ statistics: setup, epsilon: 8 / 255, stepSize: 2 / 255, steps },
        shares: cfaShares(edges.robust_accuracy, 0.5),
        ...{ stepShares: null, start: "uniform", noise: setup.uniform_noise.seed, divergence: false },
      });
    const { model, labels, adversarial, started } = after(10);
    expectAttacked(adversarial, setup.cases.cw_at);
    scope(() => {
      const loss = (images: Tensor) => crossEntropy(model.logits(images), labels);
      const value = loss(adversarial);
      expectWithin(value.item(), setup.cases.cw_at.value, tolerance.attack_rel_loss, "value");
      // The published code does not clear the gradients between its attack and its step: recorded is their sum over all iterates.
      const between = Array.from({ length: 9 }, (_, i) => after(i + 1).adversarial);
      const sum = [started(), ...between, adversarial].reduce(
        (total, at) => total.add(loss(at)),
        tensor(0, { device: testDevice }),
      );
      expectGradients(model, sum, setup.cases.cw_at);
    });
  });

  it.each(["cw_trades", "uniform_trades"] as const)(
    "CFA's examples and loss in the form of TRADES, %s",
    (name) => {
      const setup = cfa.attack_and_loss;
      const shares =
        name === "cw_trades" ? cfaShares(edges.robust_accuracy, 0.5) : new Array<number>(10).fill(1);
      const { model, images, labels, adversarial, own } = attacked(setup, {
        ...{ statistics: setup, epsilon: 8 / 255, stepSize: 2 / 255, shares, stepShares: null },
        ...{ start: "normal", noise: setup.normal_noise.seed, divergence: true },
      });
      expectAttacked(adversarial, setup.cases[name]);
      scope(() => {
        const clean = model.logits(images);
        const divergences = predictionDivergence(clean, model.logits(adversarial));
        const losses = crossEntropy(model.logits(images), labels, { reduction: "none" });
        const { natural, divergence } = calibrated(losses, divergences, own(shares).mul(6));
        expectWithin(
          natural.add(divergence).item(),
          setup.cases[name].value,
          tolerance.attack_rel_loss,
          "value",
        );
        expectGradients(model, natural.add(divergence), setup.cases[name]);
      });
    },
  );

  describe("DAFA", () => {
    const { cases } = dafa.class_weights;

    function matrixOf(name: string): number[][] | null {
      const { matrix } = cases[name]!;
      if (name === "identity")
        return Array.from({ length: 10 }, (_, i) => Array.from({ length: 10 }, (_, j) => Number(i === j)));
      if (name === "uniform_all_ties")
        return Array.from({ length: 10 }, () => new Array<number>(10).fill(0.1));
      if (name === "one_class_taken_by_another") {
        const rows: number[][] = Array.from({ length: 10 }, (_, i) =>
          Array.from({ length: 10 }, (_, j) => (i === j ? 0.91 : 0.01)),
        );
        rows[3] = rows[3]!.map((_, j) => (j === 3 ? 0.1 : j === 5 ? 0.9 : 0));
        rows[5] = rows[5]!.map((_, j) => Number(j === 5));
        return rows;
      }
      if (typeof matrix !== "object") return null;
      const classes = name.startsWith("c100") ? 100 : 10;
      const raise = Number(/\+ ([\d.]+)\*identity/.exec(matrix.formula)![1]);
      const u = uniforms(matrix.seed, classes * classes);
      return Array.from({ length: classes }, (_, i) => {
        const row = Array.from({ length: classes }, (_, j) =>
          Math.exp(3 * (2 * u[i * classes + j]! - 1) + (i === j ? raise : 0)),
        );
        const total = row.reduce((sum, value) => sum + value, 0);
        return row.map((value) => value / total);
      });
    }

    it.each(Object.keys(cases).filter((name) => matrixOf(name) !== null))("weights, %s", (name) => {
      const { lambda, weights_float64 } = cases[name]!;
      expectWithin(dafaWeights(matrixOf(name)!, lambda), weights_float64, rel, "weights");
    });

    it("examples and loss in the form of TRADES", () => {
      const setup = dafa.attack_and_loss;
      const expected = setup.cases.trades;
      const weights = cases.c10_lambda1!.weights_float64;
      const { model, images, labels, adversarial } = attacked(setup, {
        ...{ statistics: null, epsilon: 0.031, stepSize: 0.007, shares: weights, stepShares: weights },
        ...{ start: "normal", noise: setup.normal_noise.seed, divergence: true },
      });
      expectAttacked(adversarial, expected);
      const classWeights = new ClassConstant(weights);
      const loss = recognitionLoss(
        "ce",
        weights.map(() => 1),
        "mean",
        { classWeights },
      );
      scope(() => {
        const clean = model.logits(images);
        const natural = loss(clean, labels);
        const robust = tradesRegulariser(clean, model.logits(adversarial), 6);
        expectWithin(natural.item(), expected.natural, rel, "natural");
        expectWithin(natural.add(robust).item(), expected.value, tolerance.attack_rel_loss, "value");
        expectGradients(model, natural.add(robust), expected);
      });
      classWeights.dispose();
    });
  });
});
