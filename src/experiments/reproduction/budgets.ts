// How much a reproduction spends: the paper's protocol, a small one for two CPU cores, or next to nothing.
import type { CheckpointName } from "../../evaluation/index.js";

/** What a budget sets over a row of the paper's tables. */
export interface Budget {
  /** What stands beside every figure that was measured with it. */
  readonly protocol: string;
  /** Over the row's preset, as `reat train --set`. */
  readonly overrides: readonly string[];
  /** Instead of a network that is too large for it. */
  readonly networks: Readonly<Record<string, string>>;
  /** Attacks in the order of the columns; null leaves the paper's. */
  readonly attacks: readonly string[] | null;
  /** Test images whose features are mapped, spread over the classes. */
  readonly mapped: number;
  /** Training images whose examples are followed from epoch to epoch. */
  readonly observed: number;
  /** Attack steps of the curves; null leaves the paper's. */
  readonly steps: readonly number[] | null;
  /** Test images that are attacked, spread over the classes; null for all. */
  readonly images: number | null;
  /** The checkpoint that is measured. */
  readonly checkpoint: CheckpointName;
}

/** The names of the budgets. */
export const budgetNames = ["paper", "cpu", "smoke"] as const;
/** One of the budgets. */
export type BudgetName = (typeof budgetNames)[number];

/** The budgets by name. */
export const budgets: Readonly<Record<BudgetName, Budget>> = {
  paper: {
    protocol:
      "The paper's: 80 epochs, batches of 128, PGD-10 examples, the epoch with the highest PGD-20 accuracy on the test set, all test images.",
    ...{ overrides: [], networks: {}, attacks: null, images: null, checkpoint: "best" },
    ...{ mapped: 2000, observed: 200, steps: null },
  },
  cpu: {
    protocol:
      "For two CPU cores, not the paper's: a small residual network, at most 2,000 training images of a class, 7 epochs, PGD-3 examples, the last epoch, 500 test images.",
    overrides: [
      "data.subset.maxPerClass=2000",
      "training.epochs=7",
      "training.milestones=[5, 6]",
      "training.select=last",
      "training.evaluateEvery=7",
      "training.evaluationImages=500",
      "method.attack.steps=3",
      "method.attack.stepSize=4/255",
    ],
    networks: { resnet18: "small-resnet", wrn28_10: "laptop-resnet" },
    ...{ attacks: null, images: 500, checkpoint: "last", mapped: 500, observed: 100, steps: null },
  },
  smoke: {
    protocol:
      "A check that everything runs: a tiny network, two epochs, a few images, one attack step. Its figures mean nothing.",
    overrides: [
      "data.source=synthetic",
      "data.resize=null",
      "data.subset.maxPerClass=12",
      "data.subset.imbalance=4",
      "training.epochs=2",
      "training.milestones=[]",
      "training.batchSize=16",
      "training.select=last",
      "training.evaluationAttack=pgd-1",
      "training.evaluationImages=10",
      "method.attack.steps=1",
    ],
    networks: { resnet18: "smallcnn", wrn28_10: "smallcnn" },
    ...{
      attacks: ["pgd-1", "cw-1"],
      images: 10,
      checkpoint: "last",
      mapped: 20,
      observed: 10,
      steps: [1, 2],
    },
  },
};
