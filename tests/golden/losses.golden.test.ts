// Cross entropy and balanced softmax against recorded values and gradients (losses.json).
import { describe, it } from "vitest";
import { type RecognitionLossName, recognitionLoss } from "../../src/losses/index.js";
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

const names: Record<string, RecognitionLossName> = { ce: "ce", balanced_softmax: "bsl" };

describeGolden<Losses>("losses.json", ({ tolerance: { rel }, cases }) => {
  describe.each(Object.entries(cases))("%s", (_case, recorded) => {
    it.each(Object.entries(names))("%s", (recordedName, name) => {
      const reference = recorded.losses[recordedName]!;
      const loss = recognitionLoss(name, recorded.counts);
      scope(() => {
        const labels = goldenLabels(recorded.labels);
        const logits = goldenInput(recorded.logits).requiresGrad_();
        const value = loss(logits, labels);
        const [gradient] = grad(value, [logits]) as [Tensor];
        expectWithin(value.item(), reference.value, rel, "value");
        expectWithin(gradient.toArray().slice(0, 20), reference.grad_first20, rel, "gradient");
        expectWithin(gradient.norm(2).item(), reference.grad_l2, rel, "norm of the gradient");
        if (reference.value_float64 !== undefined) {
          const exact = loss(goldenInput(recorded.logits, "float64"), labels);
          expectWithin(exact.item(), reference.value_float64, 1e-12, "value in float64");
        }
      });
    });
  });
});
