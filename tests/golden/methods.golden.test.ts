// The methods' losses, class budgets and perturbed weights against recorded ones (methods.json).
import { describe, expect, it } from "vitest";
import { parseFraction } from "../../src/fraction.js";
import {
  assembleMethod,
  boostedLoss,
  budgetIntensity,
  classBudgets,
  harl,
  martRegulariser,
  methods,
  multiMarginLoss,
  perturbWeights,
  type RecipeParts,
  robalInference,
  robalMargins,
  robalRegulariser,
  tradesRegulariser,
} from "../../src/methods/index.js";
import { classifierHead } from "../../src/nn/index.js";
import { SGD } from "../../src/optim/index.js";
import { crossEntropy, Generator, grad, noGrad, scope, type Tensor, tensor } from "../../src/tensor/index.js";
import { onTestDevice, testDevice } from "../test-device.js";
import { describeGolden, expectWithin, fillModel, goldenInput, goldenLabels, uniforms } from "./generator.js";
import type { Labels, MethodsFile, PairGradients } from "./methods-file.js";
import { SmallNet } from "./small-net.js";

/** A base plus noise, added in float64 and rounded once. */
function around(
  base: Tensor,
  seed: number,
  factor: number,
  limit: (value: number) => number = (v) => v,
): Tensor {
  const noise = uniforms(seed, base.size);
  const values = Float32Array.from(base.toArray(), (value, i) => limit(value + factor * (2 * noise[i]! - 1)));
  return tensor(values, { shape: base.shape, device: testDevice });
}

describeGolden<MethodsFile>("methods.json", ({ tolerance, logit_pair, robal, trades, mart, ...golden }) => {
  const { rel_values: rel, rel_grad_norms: relNorms } = tolerance;
  const nat = goldenInput(logit_pair.nat);
  const adv = around(nat, logit_pair.adv.seed, 2);
  const labels = goldenLabels(logit_pair.labels);

  it("the pair of logits is the recorded one", () => {
    expectWithin(adv.toArray().slice(0, 4), logit_pair.adv.first4, 1e-8, "first logits");
  });

  /** Value and both gradients of a loss of two batches of logits. */
  function expectPair(loss: (nat: Tensor, adv: Tensor) => Tensor, expected: PairGradients, scale = 1): void {
    scope(() => {
      const [clean, moved] = [nat, adv].map((logits) => logits.mul(scale).requiresGrad_()) as [
        Tensor,
        Tensor,
      ];
      const value = loss(clean, moved);
      expectWithin(value.item(), expected.value, rel, "value");
      const gradients = grad(value, [clean, moved]) as [Tensor, Tensor];
      for (const [i, side] of (["nat", "adv"] as const).entries()) {
        const first = expected[`grad_${side}_first20`];
        const gradient = gradients[i]!;
        if (first) {
          // Relative to the whole array's largest element, as the file's note says.
          const largest = gradient.abs().amax().item();
          const got = gradient.toArray();
          for (const [k, element] of first.entries()) {
            expect(Math.abs(got[k]! - element) / largest, `${side} ${k}`).toBeLessThanOrEqual(rel);
          }
        }
        expectWithin(gradient.norm(2).item(), expected[`grad_${side}_l2`], relNorms, `norm of ${side}`);
      }
    });
  }

  describe("RoBal", () => {
    const { counts } = robal;
    const options = {
      margin: robal.multi_margin.m,
      scale: robal.multi_margin.s,
      tauPrior: robal.multi_margin.tau_b,
      tauMargin: robal.multi_margin.tau_m,
    };

    function cosines(features: Tensor): { logits: Tensor; weight: Tensor } {
      const head = onTestDevice(classifierHead("cosine", 64, 10, new Generator(0)));
      const weight = head.namedParameters().get("weight")!;
      const bound = Math.sqrt(6 / 64);
      const values = Float32Array.from(uniforms(robal.weight.seed, weight.size), (u) => (2 * u - 1) * bound);
      noGrad(() => weight.copy_(tensor(values, { shape: weight.shape })));
      return { logits: head.forward(features), weight };
    }

    const features = () => goldenInput(robal.features).requiresGrad_();

    it("cosine classifier, its gradients, its scale and its logits at inference", () => {
      scope(() => {
        const [input, { cosplus, cosplus_scale10, postproc_cos }] = [features(), robal];
        const { logits, weight } = cosines(input);
        expect(cosplus.gamma).toBe(1 / 32);
        expectWithin(logits.toArray(), cosplus.logits.flat(), rel, "logits");
        const loss = crossEntropy(logits, goldenLabels(robal.labels));
        expectWithin(loss.item(), cosplus.ce_of_logits, rel, "cross entropy");
        const [byFeatures, byWeight] = grad(loss, [input, weight]) as [Tensor, Tensor];
        expectWithin(byFeatures.norm(2).item(), cosplus.grad_features_l2, relNorms, "features");
        expectWithin(byWeight.norm(2).item(), cosplus.grad_weight_l2, relNorms, "weight");
        expectWithin(byFeatures.toArray().slice(0, 8), cosplus.grad_features_first8, relNorms, "features");
        expectWithin(byWeight.toArray().slice(0, 8), cosplus.grad_weight_first8, relNorms, "weight");
        const scaled = logits.mul(cosplus_scale10.scale).toArray().slice(0, 10);
        expectWithin(scaled, cosplus_scale10.logits_row0, rel, "scaled");
        const { tau_p: tauInference, scale } = postproc_cos;
        const atInference = robalInference(counts, { scale, tauInference })(logits);
        expectWithin(atInference.toArray(), postproc_cos.logits.flat(), rel, "inference");
      });
    });

    it("multi-margin loss", () => {
      const { margins, on_cosplus_logits, on_random_logits } = robal.multi_margin;
      expectWithin(robalMargins(counts, options), margins, rel, "margins");
      const loss = multiMarginLoss(counts, options);
      scope(() => {
        const input = features();
        const { logits } = cosines(input);
        const value = loss(logits, goldenLabels(robal.labels));
        const [byLogits, byFeatures] = grad(value, [logits, input]) as [Tensor, Tensor];
        expectWithin(value.item(), on_cosplus_logits.value, rel, "value");
        const first = byLogits.toArray().slice(0, 20);
        expectWithin(first, on_cosplus_logits.grad_logits_first20, rel, "gradient");
        expectWithin(byLogits.norm(2).item(), on_cosplus_logits.grad_logits_l2, relNorms, "logits");
        expectWithin(byFeatures.norm(2).item(), on_cosplus_logits.grad_features_l2, relNorms, "features");

        const random = goldenInput(on_random_logits.logits).requiresGrad_();
        const target = goldenLabels(on_random_logits.labels);
        const onRandom = loss(random, target);
        const [gradient] = grad(onRandom, [random]) as [Tensor];
        expectWithin(onRandom.item(), on_random_logits.value, rel, "value");
        expectWithin(gradient.toArray().slice(0, 20), on_random_logits.grad_first20, rel, "gradient");
        expectWithin(gradient.norm(2).item(), on_random_logits.grad_l2, relNorms, "norm");
        const exact = loss(random.detach().to("float64"), target).item();
        expectWithin(exact, on_random_logits.value_float64, 1e-12, "float64");
      });
    });

    it("divergence, and the whole objective", () => {
      const { trades_regulariser, full_objective_on_pair_div4 } = robal;
      const beta = trades_regulariser.beta_reg;
      expectPair((clean, moved) => robalRegulariser(clean, moved, beta), trades_regulariser);
      const margin = multiMarginLoss(counts, options);
      const whole = (clean: Tensor, moved: Tensor) =>
        margin(moved, labels).add(robalRegulariser(clean, moved, beta));
      expectPair(whole, full_objective_on_pair_div4, 1 / 4);
    });
  });

  it("TRADES", () => {
    const loss = (clean: Tensor, moved: Tensor) =>
      crossEntropy(clean, labels).add(tradesRegulariser(clean, moved, trades.beta));
    expectPair(loss, trades);
    expectWithin(crossEntropy(nat, labels).item(), trades.ce_nat, rel, "cross entropy");
    const exact = tradesRegulariser(nat.to("float64"), adv.to("float64"), 1).item();
    expectWithin(exact, trades.kl_batchmean_float64, 1e-12, "divergence");
  });

  it("MART", () => {
    const loss = (clean: Tensor, moved: Tensor) =>
      boostedLoss(moved, labels, crossEntropy).add(martRegulariser(clean, moved, labels, mart.beta));
    expectPair(loss, mart);
    const [clean, moved] = [nat.to("float64"), adv.to("float64")];
    expectWithin(loss(clean, moved).item(), mart.value_float64, 1e-12, "value");
    const boosted = boostedLoss(moved, labels, crossEntropy).item();
    expectWithin(boosted, mart.bce_float64, 1e-12, "boosted");
    const weighted = martRegulariser(clean, moved, labels, 1).item();
    expectWithin(weighted, mart.weighted_kl_float64, 1e-12, "divergence");
  });

  it.each(["all_labels", "labels_8_9_absent"] as const)("TAET's HARL, %s", (name) => {
    const { taet_harl } = golden;
    const reference = taet_harl[name];
    const target = tensor(reference.labels, { dtype: "int64", device: testDevice });
    scope(() => {
      const logits = adv.detach().requiresGrad_();
      const value = harl(logits, target, taet_harl);
      const [gradient] = grad(value, [logits]) as [Tensor];
      expectWithin(value.item(), reference.value, rel, "value");
      expectWithin(gradient.norm(2).item(), reference.grad_l2, relNorms, "norm");
      const largest = gradient.abs().amax().item();
      const got = gradient.toArray();
      for (const [k, element] of reference.grad_first20.entries()) {
        expect(Math.abs(got[k]! - element) / largest, `gradient ${k}`).toBeLessThanOrEqual(rel);
      }
      // The guard of 1e-10 against empty classes is in the reference as well.
      const exact = harl(adv.to("float64"), target, taet_harl).item();
      expectWithin(exact, reference.value_float64, 1e-9, "float64");
    });
  });

  it("RobustLT's class budgets and their warm-up", () => {
    const { robustlt } = golden;
    const shares = classBudgets(robustlt.counts, robustlt.alpha);
    const [eps, step] = [robustlt.eps, robustlt.step].map((text) => parseFraction(text)!) as [number, number];
    const largest = shares.map((share) => share * eps);
    expectWithin(largest, robustlt.classwise_eps_max_float64, 1e-12, "eps");
    expectWithin(
      shares.map((share) => share * step),
      robustlt.classwise_step_max_float64,
      1e-12,
      "step",
    );
    for (const [epoch, intensity] of Object.entries(robustlt.intensity_at_epoch)) {
      const ours = budgetIntensity(Number(epoch), robustlt.beta, robustlt.epochs);
      expect(ours).toBeCloseTo(intensity, 12);
      const budgets = largest.map((value) => value * ours);
      expectWithin(budgets, robustlt.classwise_eps_at_epoch[epoch]!, 1e-6, `epoch ${epoch}`);
    }
    expect(budgetIntensity(1, 0, undefined)).toBe(1);
    const total = robustlt.counts.reduce((sum, count) => sum + count, 0);
    const mean = shares.reduce((sum, share, k) => sum + (share * robustlt.counts[k]!) / total, 0);
    expect(mean).toBeCloseTo(robustlt.sample_weighted_mean_eps_over_eps_float64, 12);
  });

  describe("AWP", () => {
    const { awp } = golden;
    const relAwp = tolerance.awp_rel_norms;
    const clean = goldenInput({ ...awp.clean_images, formula: "u" });
    const limit = (value: number) => Math.min(Math.max(value, 0), 1);
    const adversarial = around(clean, awp.adv_images.seed, 8 / 255, limit);
    const batch = { images: clean, labels: goldenLabels(awp.labels as Labels) };
    const setup = { classCounts: new Array<number>(10).fill(10), device: testDevice } as const;
    const norms = (model: SmallNet) =>
      Object.fromEntries([...model.namedParameters()].map(([name, value]) => [name, value.norm(2).item()]));

    const recipes: Record<string, RecipeParts> = {
      awp_at: methods["pgd-at"].recipe(methods["pgd-at"].schema.parse({ name: "pgd-at" }), setup),
      awp_trades: methods.trades.recipe(
        methods.trades.schema.parse({ name: "trades", beta: awp.awp_trades.beta, cleanPasses: 2 }),
        setup,
      ),
      no_awp_reference: methods["pgd-at"].recipe(methods["pgd-at"].schema.parse({ name: "pgd-at" }), setup),
    };

    it.each(["awp_at", "awp_trades", "no_awp_reference"] as const)("%s: two steps", (name) => {
      const model = onTestDevice(new SmallNet());
      fillModel(model.stateDict(), { ...awp.fill, "dim>=2 scale": 1 });
      const weightPerturbation = name === "no_awp_reference" ? undefined : { gamma: awp.gamma, from: 1 };
      const parts = { ...recipes[name]!, examples: () => adversarial };
      const method = assembleMethod(name, parts, { weightPerturbation }, setup);
      const names = [...model.namedParameters().keys()];
      const optimiser = new SGD(model.namedParameters(), {
        learningRate: 0.1,
        momentum: 0.9,
        weightDecay: 5e-4,
      });
      method.beginEpoch(1);
      for (const reference of awp[name].steps) {
        scope(() => {
          const result = method.step(batch, { model, generator: new Generator(1, testDevice) });
          expectWithin(result.loss.item(), reference.loss_on_perturbed_weights, rel, "loss");
          const gradients = grad(result.loss, model.parameters());
          for (const [i, key] of names.entries()) {
            const expected = reference.grad_norms[key]!;
            const close = Math.max(relNorms * expected, 1e-6);
            expect(Math.abs(gradients[i]!.norm(2).item() - expected), key).toBeLessThanOrEqual(close);
          }
          optimiser.step(gradients);
          result.afterUpdate?.();
        });
        for (const [key, norm] of Object.entries(norms(model))) {
          expectWithin(norm, reference.norms_after_step_and_restore[key]!, relAwp, key);
        }
        const mean = model.norm1.runningMean.toArray().slice(0, 4);
        const variance = model.norm1.runningVar.toArray().slice(0, 4);
        expectWithin(mean, reference.bn1_running_mean_first4, rel, "running mean");
        expectWithin(variance, reference.bn1_running_var_first4, rel, "running variance");
      }
    });

    it("moves the weights by the recorded amount and back", () => {
      const model = onTestDevice(new SmallNet());
      fillModel(model.stateDict(), { ...awp.fill, "dim>=2 scale": 1 });
      expectWithin(Object.values(norms(model)), Object.values(awp.initial_norms), relAwp, "at first");
      const loss = () => crossEntropy(model.logits(adversarial), batch.labels);
      const restore = perturbWeights(model, awp.gamma, loss);
      for (const [key, norm] of Object.entries(norms(model))) {
        expectWithin(norm, awp.awp_at.norms_after_perturb[key]!, relAwp, key);
      }
      restore();
      expectWithin(
        Object.values(norms(model)),
        Object.values(awp.awp_at.norms_after_restore),
        relAwp,
        "restored",
      );
      expect(model.norm1.batchesTracked.item()).toBe(0);
    });
  });
});
