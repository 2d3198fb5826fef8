// Every loss, its value and its gradients, on the device that REAT_TEST_DEVICE names and on the CPU.
import { expect, it } from "vitest";
import { crossEntropyObjective, dlrObjective, marginObjective } from "../../src/attacks/index.js";
import {
  rblWeights,
  rebalancedLoss,
  recognitionLoss,
  recognitionLossNames,
  resolveLoss,
  tailRegulariser,
} from "../../src/losses/index.js";
import {
  boostedLoss,
  harl,
  martRegulariser,
  multiMarginLoss,
  robalOptions,
  robalRegulariser,
  tradesRegulariser,
} from "../../src/methods/index.js";
import {
  crossEntropy,
  type Device,
  Generator,
  grad,
  keep,
  randint,
  randn,
  scope,
  type Tensor,
} from "../../src/tensor/index.js";
import { describeOnDevice, testDevice } from "../test-device.js";
import { closeValues, expectNear } from "./closeness.js";

const counts = [500, 232, 108, 50, 23, 11, 8, 6, 5, 4];
const predicted = [900, 10, 0, 40, 3, 2, 1, 1, 0, 0];

/** A scalar of two arrays [N, C] and labels: logits, or for TAIL features. */
type PairLoss = (first: Tensor, second: Tensor, labels: Tensor) => Tensor;

const ofFirst = (loss: (logits: Tensor, labels: Tensor) => Tensor): PairLoss => {
  return (first, _, labels) => loss(first, labels).sum();
};

const margins = multiMarginLoss(counts, robalOptions.parse({ name: "robal" }));

const losses: Record<string, PairLoss> = {
  ...Object.fromEntries(
    recognitionLossNames.map((name) => [name, ofFirst(recognitionLoss(resolveLoss(name), counts))]),
  ),
  "cross entropy": ofFirst((logits, labels) => crossEntropy(logits, labels)),
  "attack, cross entropy": ofFirst(crossEntropyObjective),
  "attack, margin": ofFirst(marginObjective),
  "attack, dlr": ofFirst(dlrObjective),
  "rbl as weights": ofFirst(rebalancedLoss(rblWeights(counts, predicted))),
  "rbl as logits": ofFirst(rebalancedLoss(rblWeights(counts, predicted), { form: "logit" })),
  "tail, reference": ofFirst(tailRegulariser(counts, { form: "reference" })),
  "tail, paper": ofFirst(tailRegulariser(counts, { form: "paper" })),
  "trades: divergence": (clean, moved) => tradesRegulariser(clean, moved, 6),
  "mart: boosted": ofFirst((logits, labels) => boostedLoss(logits, labels, crossEntropy)),
  "mart: divergence": (clean, moved, labels) => martRegulariser(clean, moved, labels, 5),
  "robal: margins": ofFirst(margins),
  "robal: divergence": (clean, moved) => robalRegulariser(clean, moved, 6),
  "taet: harl": ofFirst((logits, labels) => harl(logits, labels, { alpha: 1, beta: 0.3, gamma: 0.1 })),
};

describeOnDevice("losses beside the CPU's", () => {
  const generator = new Generator(11);
  const [first, second] = [0, 1].map(() => keep(scope(() => randn([96, 10], generator).mul(2)))) as [
    Tensor,
    Tensor,
  ];
  const labels = keep(randint(0, 10, [96], generator));

  /** Value and gradients; a loss that leaves the second array alone has none of it. */
  function evaluated(loss: PairLoss, device: Device): Tensor[] {
    const inputs = [first, second].map((array) => array.clone().to(device).requiresGrad_()) as [
      Tensor,
      Tensor,
    ];
    const value = loss(...inputs, labels.to(device));
    expect(value.device).toBe(device);
    const total = value.add(inputs[1].sum().mul(0));
    return [value, ...grad(total, inputs)];
  }

  it.each(Object.entries(losses))("%s", (_, loss) => {
    scope(() => {
      const [ours, cpu] = [evaluated(loss, testDevice), evaluated(loss, "cpu")];
      for (const [index, what] of ["value", "first gradient", "second gradient"].entries()) {
        expectNear(ours[index]!, cpu[index]!, closeValues, what);
      }
    });
  });
});
