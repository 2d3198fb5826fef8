// Every loss for long-tailed recognition against recorded values and gradients (losses.json).
import { describe, expect, it } from "vitest";
import {
  effectiveNumberWeights,
  type LossOptions,
  ldamMargins,
  recognitionLoss,
  resolveLoss,
} from "../../src/losses/index.js";
import { grad, scope, type Tensor } from "../../src/tensor/index.js";
import {
  describeGolden,
  expectWithin,
  goldenInput,
  goldenLabels,
  type InputDescription,
} from "./generator.js";

interface Recorded {
  value: number;
  grad_first20: number[];
  grad_l2: number;
  value_float64?: number;
  gamma?: number;
  beta?: number;
  max_m?: number;
  s?: number;
  margins?: number[];
  weights_float64?: number[];
}
interface Losses {
  tolerance: { rel: number };
  cases: Record<
    string,
    {
      logits: InputDescription;
      labels: { values: number[] };
      counts: number[];
      losses: Record<string, Recorded>;
    }
  >;
}

/** Recorded losses by the options that make them. */
function optionsOf(name: string, { gamma, max_m, s, beta }: Recorded): LossOptions {
  const focal = { name: "focal", gamma: gamma ?? Number.NaN, form: "softmax", factor: 1 } as const;
  switch (name) {
    case "ce":
      return "ce";
    case "balanced_softmax":
      return "bsl";
    case "focal_ldamdrw_gamma2":
      return focal;
    case "focal_robal_softmax_gamma2":
      return { ...focal, factor: 0.5 };
    case "focal_robal_sigmoid_gamma2":
      return { ...focal, form: "sigmoid" };
    case "class_balanced_ce":
      return { name: "effective-number", beta: beta! };
    case "ldam":
    case "ldam_robal_s10":
      return { name: "ldam", maxMargin: max_m!, scale: s!, reweightFrom: null, beta: 0 };
    default:
      throw new Error(`The reference numbers hold an unknown loss "${name}".`);
  }
}

describeGolden<Losses>("losses.json", ({ tolerance: { rel }, cases }) => {
  describe.each(Object.entries(cases))("%s", (_case, recorded) => {
    it.each(Object.entries(recorded.losses))("%s", (name, reference) => {
      const loss = recognitionLoss(optionsOf(name, reference), recorded.counts);
      scope(() => {
        const labels = goldenLabels(recorded.labels);
        const logits = goldenInput(recorded.logits).requiresGrad_();
        const value = loss(logits, labels);
        const [gradient] = grad(value, [logits]) as [Tensor];
        expectWithin(value.item(), reference.value, rel, "value");
        expectWithin(gradient.toArray().slice(0, 20), reference.grad_first20, rel, "gradient");
        expectWithin(gradient.norm(2).item(), reference.grad_l2, rel, "norm of the gradient");
        if (reference.margins) {
          expectWithin(ldamMargins(recorded.counts, reference.max_m!), reference.margins, rel, "margins");
        }
        if (reference.weights_float64) {
          const weights = effectiveNumberWeights(recorded.counts, reference.beta);
          expectWithin(weights, reference.weights_float64, 1e-12, "weights");
        }
        if (reference.value_float64 !== undefined) {
          const exact = loss(goldenInput(recorded.logits, "float64"), labels);
          expectWithin(exact.item(), reference.value_float64, 1e-12, "value in float64");
        }
      });
    });
  });

  it.each(Object.entries(cases))("%s: the papers' constants are the defaults", (_case, { losses }) => {
    const {
      focal_ldamdrw_gamma2: focal,
      class_balanced_ce: balanced,
      ldam,
    } = losses as Record<string, Recorded>;
    expect(resolveLoss("focal")).toMatchObject({ gamma: focal?.gamma });
    expect(resolveLoss("effective-number")).toMatchObject({ beta: balanced?.beta });
    expect(resolveLoss("ldam")).toMatchObject({ maxMargin: ldam?.max_m, scale: ldam?.s });
  });
});
