// The figures of the REAT paper (arXiv 2307.10205): what each draws of which rows, and what its text says one should see.

/** A row of a figure: a configuration as those of tables. */
export interface FigureRow {
  /** Its name in the figure. */
  readonly row: string;
  readonly preset: string;
  readonly overrides: readonly string[];
  /** Over it in budgets smaller than the paper's. */
  readonly smaller?: readonly string[];
}

/**
 * What a figure draws of each row: the classes that training examples are taken for, by epoch; how far examples lie from those of the epoch before;
 * the features of adversarial test images; accuracy by attack steps; accuracy by class.
 */
export type FigureKind = "predictions" | "distances" | "features" | "steps" | "classes";

/** A number of a run that says whether a figure shows what the text says. Accuracies and shares in per cent. */
export type FigureQuantity =
  | "tail predictions"
  | "body predictions"
  | "tail distance"
  | "tail silhouette"
  | "clean accuracy, body"
  | "PGD-20 accuracy, body"
  | `PGD-${number} accuracy`;

/** What the text says of two rows. */
export interface FigureClaim {
  readonly quantity: FigureQuantity;
  readonly row: string;
  readonly than: string;
  readonly expected: "higher" | "lower";
}

/** A figure of the paper. */
export interface PaperFigure {
  readonly figure: number;
  readonly title: string;
  /** What the paper's text says of it, in our words. */
  readonly text: string;
  readonly kinds: readonly FigureKind[];
  readonly rows: readonly FigureRow[];
  readonly claims: readonly FigureClaim[];
}

/** Attack steps of the curves. */
export const curveSteps = [1, 2, 5, 10, 20, 50, 100] as const;

const ten = "cifar10-lt-ur50-resnet18";
const hundred = "cifar100-lt-ur10-resnet18";

const balanced: FigureRow = {
  ...{ row: "PGD-AT, balanced", preset: `${ten}-pgd-at` },
  overrides: ["method.loss=ce", "data.subset.imbalance=1"],
  // As many images as the long-tailed set has, so that it takes no longer.
  smaller: ["data.subset.profile=balanced-small", "data.subset.imbalance=50"],
};
const longTailed: FigureRow = {
  ...{ row: "PGD-AT, long-tailed", preset: `${ten}-pgd-at`, overrides: ["method.loss=ce"] },
};
const bsl: FigureRow = { row: "PGD-AT, BSL", preset: `${ten}-pgd-at`, overrides: [] };
const method = (row: string, preset: string): FigureRow => ({ row, preset, overrides: [] });
const robalAndReat = [method("RoBal", `${ten}-robal`), method("REAT", `${ten}-reat`)];
const robalAndReatOfHundred = [method("RoBal", `${hundred}-robal`), method("REAT", `${hundred}-reat`)];

const reweighted = (row: string, ...overrides: string[]): FigureRow => ({
  ...{ row, preset: `${ten}-reat` },
  overrides: ["method.tail.enabled=false", ...overrides],
});
const withoutRbl = reweighted("without RBL", "method.reweighting=none");

const smallerTail: FigureClaim = {
  ...{ quantity: "tail silhouette", row: balanced.row, than: longTailed.row, expected: "higher" },
};
const robalsPredictions: readonly FigureClaim[] = [
  { quantity: "tail predictions", row: "RoBal", than: "REAT", expected: "higher" },
  { quantity: "body predictions", row: "RoBal", than: "REAT", expected: "lower" },
];
const predictionsText =
  "RoBal's examples are taken for tail classes more and for body classes less often than REAT's.";
const atAllSteps = curveSteps.map(
  (steps): FigureClaim => ({
    ...{ quantity: `PGD-${steps} accuracy`, row: "REAT", than: "RoBal", expected: "higher" },
  }),
);
const onBodyClasses = (["clean accuracy, body", "PGD-20 accuracy, body"] as const).map(
  (quantity): FigureClaim => ({ quantity, row: "REAT", than: "RoBal", expected: "higher" }),
);

/** In the paper's order. */
export const paperFigures: readonly PaperFigure[] = [
  {
    ...{ figure: 1, kinds: ["predictions"], rows: [balanced, longTailed] },
    title: "What PGD-AT's training examples are taken for, on balanced and on long-tailed images",
    text: "Balanced images: every class equally often. Long-tailed images: mostly head classes.",
    claims: [{ quantity: "tail predictions", row: balanced.row, than: longTailed.row, expected: "higher" }],
  },
  {
    ...{ figure: 2, kinds: ["features"], rows: [balanced, longTailed], claims: [smallerTail] },
    title: "Features of adversarial images after training on balanced and on long-tailed images",
    text: "Trained on long-tailed images, head and tail classes differ more: the tail's area is smaller.",
  },
  {
    ...{ figure: 3, kinds: ["distances"] },
    title: "How far training examples lie from those of the epoch before, without and with RBL",
    text: "RBL makes the examples of tail classes move further from epoch to epoch.",
    rows: [
      withoutRbl,
      reweighted("RBL", "method.reweighting=rbl"),
      reweighted("RBL, batch statistics", "method.reweighting=rbl", "method.attack.batchNorm=batch"),
      reweighted("RBL, logits", "method.reweighting=rbl", "method.rbl.form=logit"),
    ],
    claims: ["RBL", "RBL, batch statistics", "RBL, logits"].map((row) => ({
      ...{ quantity: "tail distance", row, than: withoutRbl.row, expected: "higher" },
    })),
  },
  {
    ...{ figure: 4, kinds: ["steps", "classes"], rows: robalAndReat },
    title: "Robust accuracy by attack steps, and accuracy by class: CIFAR-10-LT, UR = 50",
    text: "REAT is more robust than RoBal with any number of steps, and better on body classes, clean and attacked.",
    claims: [...atAllSteps, ...onBodyClasses],
  },
  {
    ...{ figure: 5, kinds: ["predictions"], rows: robalAndReat, claims: robalsPredictions },
    title: "What RoBal's training examples are taken for: CIFAR-10-LT, UR = 50",
    text: predictionsText,
  },
  {
    ...{ figure: 6, kinds: ["predictions"], rows: robalAndReat, claims: robalsPredictions },
    title: "What REAT's training examples are taken for: CIFAR-10-LT, UR = 50",
    text: predictionsText,
  },
  {
    ...{ figure: 7, kinds: ["features"], rows: [balanced, longTailed], claims: [smallerTail] },
    title:
      "Features of adversarial images of all classes, after training on balanced and on long-tailed images",
    text: "Balanced images give each class an area of about the same size; long-tailed ones let the head's grow into the tail's.",
  },
  {
    ...{ figure: 8, kinds: ["steps"], rows: robalAndReatOfHundred, claims: atAllSteps },
    title: "Robust accuracy by attack steps: CIFAR-100-LT, UR = 10",
    text: "REAT is more robust than RoBal with any number of steps.",
  },
  {
    ...{ figure: 9, kinds: ["classes"], rows: robalAndReatOfHundred, claims: onBodyClasses },
    title: "Accuracy by class: CIFAR-100-LT, UR = 10",
    text: "REAT is better on body classes, clean and attacked.",
  },
  {
    ...{ figure: 10, kinds: ["features"], rows: [balanced, bsl, ...robalAndReat] },
    title: "Features of adversarial images by method",
    text: "PGD-AT's and RoBal's classes lie more entangled than those of balanced training; REAT's are more like the balanced ones.",
    claims: [
      { quantity: "tail silhouette", row: "REAT", than: bsl.row, expected: "higher" },
      { quantity: "tail silhouette", row: "REAT", than: "RoBal", expected: "higher" },
      { quantity: "tail silhouette", row: balanced.row, than: bsl.row, expected: "higher" },
    ],
  },
  {
    ...{ figure: 11, kinds: ["predictions"], rows: robalAndReatOfHundred },
    title: "What training examples are taken for: CIFAR-100-LT, UR = 10",
    text: "RoBal's examples are taken for tail classes too often; REAT's stay balanced.",
    claims: [{ quantity: "tail predictions", row: "RoBal", than: "REAT", expected: "higher" }],
  },
];
