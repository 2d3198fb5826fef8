// Smoothed labels against released codes, which spread the share over all classes or over the others (frontier.json).
import { describe, it } from "vitest";
import { recognitionLoss } from "../../src/losses/index.js";
import { grad, scope } from "../../src/tensor/index.js";
import {
  describeGolden,
  expectWithin,
  goldenInput,
  goldenLabels,
  type InputDescription,
} from "./generator.js";
import type { Labels } from "./methods-file.js";

interface Case {
  value: number;
  grad_first20: number[];
  grad_l2: number;
}

interface Frontier {
  tolerance: { rel_values: number; rel_grad_elements: number; rel_grad_norms: number };
  smoothing: Record<
    "c10" | "c100",
    { logits: InputDescription; labels: Labels; losses: Record<string, Case> }
  >;
}

describeGolden<Frontier>("frontier.json", ({ tolerance, smoothing }) => {
  describe.each(["c10", "c100"] as const)("%s", (set) => {
    const { logits, labels, losses } = smoothing[set];
    const classes = logits.shape[1]!;
    // Over the other classes alone a share s is one of s·C/(C − 1) over all.
    const overOthers = (share: number) => (share * classes) / (classes - 1);
    const cases = Object.entries({
      imrahulr_s0: 0,
      imrahulr_s01: 0.1,
      imrahulr_s03: 0.3,
      p2333_s01_classes_given: overOthers(0.1),
      p2333_s03_classes_given: overOthers(0.3),
    });

    it.each(cases)("%s", (name, labelSmoothing) => {
      const expected = losses[name]!;
      const loss = recognitionLoss("ce", new Array<number>(classes).fill(5), "mean", { labelSmoothing });
      scope(() => {
        const given = goldenInput(logits).requiresGrad_();
        const value = loss(given, goldenLabels(labels));
        expectWithin(value.item(), expected.value, tolerance.rel_values, "value");
        const [gradient] = grad(value, [given]);
        const list = gradient!.toArray();
        expectWithin(list.slice(0, 20), expected.grad_first20, tolerance.rel_grad_elements, "gradient");
        expectWithin(gradient!.norm(2).item(), expected.grad_l2, tolerance.rel_grad_norms, "length");
      });
    });
  });
});
