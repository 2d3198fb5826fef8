// TAIL in both forms against recorded values and gradients (tail.json).
import { describe, expect, it } from "vitest";
import { recognitionLoss, tailClasses, tailRegulariser } from "../../src/losses/index.js";
import { type DType, grad, scope, type Tensor } from "../../src/tensor/index.js";
import {
  describeGolden,
  expectWithin,
  goldenInput,
  goldenLabels,
  type InputDescription,
} from "./generator.js";

interface Term {
  value: number;
  grad_l2?: number;
  grad_first20?: number[];
  anchor_row?: { index: number; grad_first8: number[] };
  value_float64?: number;
}
interface Case {
  features: InputDescription;
  labels: { values: number[] };
  logits: InputDescription;
  counts: number[];
  tail_classes: number[];
  num_tail_samples: number;
  repo_tail: Term;
  repo_total: { bsl: number; bsl_plus_tail: number; grad_logits_l2: number; grad_features_l2: number };
  paper_anchor_detached: Term;
}
interface Tail {
  tolerance: { rel_repo: number; rel_paper: number; rel_paper_if_float32: number };
  cases: Record<string, Case>;
}

describeGolden<Tail>("tail.json", ({ tolerance, cases }) => {
  describe.each(Object.entries(cases))("%s", (_name, recorded) => {
    it("tail classes and samples", () => {
      const tail = tailClasses(recorded.counts, "reference");
      expect(tail).toEqual(recorded.tail_classes);
      expect(recorded.labels.values.filter((label) => tail.includes(label)).length).toBe(
        recorded.num_tail_samples,
      );
    });

    // The recorded term of the paper's form is to be maximised: ours is its negative.
    it.each([
      ["reference", "float32", tolerance.rel_repo],
      ["paper", "float32", tolerance.rel_paper_if_float32],
      ["paper", "float64", tolerance.rel_paper],
    ] as const)("form %s in %s", (form, dtype, close) => {
      const reference = form === "reference" ? recorded.repo_tail : recorded.paper_anchor_detached;
      const sign = form === "reference" ? 1 : -1;
      scope(() => {
        const { value, gradient } = evaluate(recorded, form, dtype);
        expectWithin(sign * value, reference.value, close, "value");
        const elements = gradient.toArray().map((element) => sign * element);
        if (reference.grad_first20)
          expectWithin(elements.slice(0, 20), reference.grad_first20, close, "gradient");
        expectWithin(gradient.norm(2).item(), reference.grad_l2 ?? 0, close, "norm of the gradient");
        if (reference.anchor_row) {
          const start = reference.anchor_row.index * recorded.features.shape[1]!;
          const row = elements.slice(start, start + reference.anchor_row.grad_first8.length);
          expectWithin(row, reference.anchor_row.grad_first8, close, "gradient of a tail sample");
        }
      });
    });

    it("form reference in float64", () => {
      const { value_float64 } = recorded.repo_tail;
      scope(() => {
        const { value } = evaluate(recorded, "reference", "float64");
        expectWithin(value, value_float64 ?? recorded.repo_tail.value, 1e-9, "value");
      });
    });

    it("the sum with balanced softmax", () => {
      const { bsl, bsl_plus_tail, grad_logits_l2, grad_features_l2 } = recorded.repo_total;
      scope(() => {
        const labels = goldenLabels(recorded.labels);
        const logits = goldenInput(recorded.logits).requiresGrad_();
        const features = goldenInput(recorded.features).requiresGrad_();
        const recognition = recognitionLoss("bsl", recorded.counts)(logits, labels);
        const term = tailRegulariser(recorded.counts, { form: "reference" })(features, labels);
        const total = recognition.add(term);
        const [byLogits, byFeatures] = grad(total, [logits, features]) as [Tensor, Tensor];
        expectWithin(recognition.item(), bsl, tolerance.rel_repo, "balanced softmax");
        expectWithin(total.item(), bsl_plus_tail, tolerance.rel_repo, "sum");
        expectWithin(byLogits.norm(2).item(), grad_logits_l2, tolerance.rel_repo, "gradient by the logits");
        expectWithin(
          byFeatures.norm(2).item(),
          grad_features_l2,
          tolerance.rel_repo,
          "gradient by the features",
        );
      });
    });
  });
});

function evaluate(recorded: Case, form: "reference" | "paper", dtype: DType) {
  const features = goldenInput(recorded.features, dtype).requiresGrad_();
  const term = tailRegulariser(recorded.counts, { form })(features, goldenLabels(recorded.labels));
  const [gradient] = grad(term, [features]) as [Tensor];
  return { value: term.item(), gradient };
}
