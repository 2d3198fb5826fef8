// RBL's weights in all three roundings, the static re-weightings and their losses against recorded ones (reweighting.json).
import { expect, it } from "vitest";
import {
  effectiveNumberWeights,
  inverseFrequencyWeights,
  type LossFunction,
  type RblRounding,
  rblWeights,
  rebalancedLoss,
  recognitionLoss,
} from "../../src/losses/index.js";
import { grad, scope, type Tensor } from "../../src/tensor/index.js";
import {
  describeGolden,
  expectWithin,
  goldenInput,
  goldenLabels,
  type InputDescription,
} from "./generator.js";

interface Inputs {
  counts_n: number[];
  logits: InputDescription;
  labels: { values: number[] };
}
interface Recorded {
  m: number[];
  weights: number[];
  weights_float32_throughout: number[];
  weights_float64: number[];
  loss: number;
  loss_float64: number;
  grad_first20: number[];
  grad_l2: number;
}
interface Static extends Pick<Recorded, "loss" | "grad_first20" | "grad_l2"> {
  weights_float64?: number[];
  loss_float64?: number;
}
interface Reweighting extends Inputs {
  tolerance: { rel_weights: number; rel_losses: number };
  rbl: Record<string, Recorded>;
  rbl_c100_ur10: Recorded & Inputs;
  static: Record<string, Static>;
}

describeGolden<Reweighting>("reweighting.json", (golden) => {
  const { rel_weights, rel_losses } = golden.tolerance;
  const cases = [
    ...Object.entries(golden.rbl).map(([name, recorded]) => ({ name, inputs: golden as Inputs, recorded })),
    { name: "c100_ur10", inputs: golden.rbl_c100_ur10 as Inputs, recorded: golden.rbl_c100_ur10 as Recorded },
  ];

  it.each(cases)("weights of $name", ({ inputs, recorded }) => {
    for (const [rounding, expected, tolerance] of [
      ["reference", recorded.weights, rel_weights],
      ["float32", recorded.weights_float32_throughout, rel_weights],
      ["float64", recorded.weights_float64, 1e-12],
    ] as const) {
      const weights = rblWeights(inputs.counts_n, recorded.m, rounding satisfies RblRounding);
      expect(weights.length).toBe(expected.length);
      // Each weight for itself: beside those of classes never predicted, the others would vanish.
      for (const [k, weight] of weights.entries()) {
        expectWithin(weight, expected[k]!, tolerance, `${rounding} ${k}`);
      }
    }
  });

  it.each(cases)("loss of $name", ({ inputs, recorded }) => {
    scope(() => {
      const labels = goldenLabels(inputs.labels);
      const logits = goldenInput(inputs.logits).requiresGrad_();
      const loss = rebalancedLoss(rblWeights(inputs.counts_n, recorded.m));
      const value = loss(logits, labels);
      const [gradient] = grad(value, [logits]) as [Tensor];
      expectWithin(value.item(), recorded.loss, rel_losses, "loss");
      expectWithin(gradient.toArray().slice(0, 20), recorded.grad_first20, rel_losses, "gradient");
      expectWithin(gradient.norm(2).item(), recorded.grad_l2, rel_losses, "norm of the gradient");

      const exact = rebalancedLoss(rblWeights(inputs.counts_n, recorded.m, "float64"));
      const exactValue = exact(goldenInput(inputs.logits, "float64"), labels);
      expectWithin(exactValue.item(), recorded.loss_float64, 1e-12, "loss in float64");
    });
  });

  const weightsOf: Record<string, (counts: readonly number[]) => number[]> = {
    rw_inverse: (counts) => inverseFrequencyWeights(counts, 1),
    rws_inverse_sqrt: (counts) => inverseFrequencyWeights(counts, 0.5),
    enr_effective_number: (counts) => effectiveNumberWeights(counts),
  };

  it.each(Object.entries(golden.static))("static %s", (name, recorded) => {
    const weights = weightsOf[name]?.(golden.counts_n);
    expect(weights === undefined).toBe(name === "brw_balanced_softmax_as_attack_loss");
    const loss: LossFunction = weights ? rebalancedLoss(weights) : recognitionLoss("bsl", golden.counts_n);
    scope(() => {
      const labels = goldenLabels(golden.labels);
      const logits = goldenInput(golden.logits).requiresGrad_();
      const value = loss(logits, labels);
      const [gradient] = grad(value, [logits]) as [Tensor];
      expectWithin(value.item(), recorded.loss, rel_losses, "loss");
      expectWithin(gradient.toArray().slice(0, 20), recorded.grad_first20, rel_losses, "gradient");
      expectWithin(gradient.norm(2).item(), recorded.grad_l2, rel_losses, "norm of the gradient");
      if (weights) expectWithin(weights, recorded.weights_float64!, 1e-12, "weights");
      if (recorded.loss_float64 !== undefined) {
        const exact = loss(goldenInput(golden.logits, "float64"), labels);
        expectWithin(exact.item(), recorded.loss_float64, 1e-12, "loss in float64");
      }
    });
  });
});
