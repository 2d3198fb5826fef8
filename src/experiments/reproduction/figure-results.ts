// The figures of a reproduction: what is drawn of each row, and whether it shows what the paper's text says.
import { type ClassGroup, classGroups } from "../../data/index.js";
import type { EpochEvent } from "../../training/index.js";
import {
  type DifferenceVerdict,
  differenceSentence,
  differenceVerdict,
  type MeanOfRuns,
  meanOfRuns,
  pairedDifference,
} from "./differences.js";
import { type MappedFeatures, readFeatures } from "./features.js";
import type { FigureClaim, FigureQuantity, PaperFigure } from "./figures.js";
import type { PlannedEvaluation, PlannedFigure, ReproductionPlan } from "./plan.js";
import type { ReadTraining } from "./read-training.js";
import { resultOf } from "./work.js";

/** What a row of a figure has. Of several seeds, lines and bars are means, and maps and predictions those of the first seed. */
export interface ReproducedFigureRow {
  readonly row: string;
  readonly runs: readonly string[];
  readonly seedsDone: readonly number[];
  /** Training images by class id. */
  readonly trainCounts: readonly number[];
  /** By epoch, how many training examples were taken for each class. */
  readonly predictions: readonly { readonly epoch: number; readonly counts: readonly number[] }[];
  /** By epoch from the second: mean distance of the tail's examples to those of the epoch before, and of the head's. */
  readonly distances: readonly { readonly epoch: number; readonly head: number; readonly tail: number }[];
  /** Robust accuracy, 0 to 1, by attack steps. */
  readonly steps: readonly { readonly steps: number; readonly accuracy: number }[];
  /** Accuracies, 0 to 1, by class id; empty where they were not measured. */
  readonly classes: { readonly clean: readonly number[]; readonly robust: readonly number[] };
  readonly map: Pick<MappedFeatures, "points" | "labels"> | null;
}

/** What the text says and what was measured. */
export interface CheckedClaim extends FigureClaim {
  readonly difference: MeanOfRuns | null;
  readonly verdict: DifferenceVerdict;
  readonly sentence: string;
  readonly agreement: "as the text says" | "against the text" | "not told";
}

/** A figure as reproduced. */
export interface ReproducedFigure extends Pick<PaperFigure, "figure" | "title" | "text" | "kinds"> {
  readonly classNames: readonly string[];
  /** Of each class id, by the long-tailed training set. */
  readonly groups: readonly ClassGroup[];
  readonly rows: readonly ReproducedFigureRow[];
  readonly claims: readonly CheckedClaim[];
}

/** @throws ReatError `data` for damaged files */
export function reproducedFigure(
  { figure, evaluations, rows }: PlannedFigure,
  plan: ReproductionPlan,
  read: ReadonlyMap<string, ReadTraining | null>,
): ReproducedFigure {
  const known = rows.flatMap(({ trainings }) => trainings.flatMap(({ key }) => read.get(key) ?? []));
  // Balanced classes have no tail: what is called so is the tail of the long-tailed rows.
  const uneven = known.find(({ data: { trainCounts } }) => new Set(trainCounts).size > 1) ?? known[0];
  const groups = classGroups(uneven?.data.trainCounts ?? []);
  const ofRow = new Map(
    rows.map(({ row, trainings }) => {
      const runs = trainings.flatMap(({ key, seed }) => {
        const each = read.get(key);
        if (!each || each.epochs.length === 0) return [];
        const features = readFeatures(each.training, each.data.classNames.length);
        return [{ seed, each, features }];
      });
      return [row, runs] as const;
    }),
  );
  const { figure: number, title, text, kinds } = figure;
  return {
    ...{ figure: number, title, text, kinds, groups },
    classNames: uneven?.data.classNames ?? [],
    rows: rows.map(({ row, trainings }) => ({
      ...{ row, runs: trainings.map(({ folder }) => folder) },
      ...drawn(ofRow.get(row)!, groups, evaluations, plan),
    })),
    claims: figure.claims.map((claim) => {
      const bySeed = (row: string) =>
        new Map(
          ofRow.get(row)!.flatMap((run) => {
            const value = quantityOf(claim.quantity, run, groups, plan);
            return value === null ? [] : [[run.seed, value] as const];
          }),
        );
      return checked(claim, pairedDifference(bySeed(claim.row), bySeed(claim.than)));
    }),
  };
}

function checked(claim: FigureClaim, difference: MeanOfRuns | null): CheckedClaim {
  const { row, than, quantity, expected } = claim;
  const verdict = differenceVerdict(difference);
  const isTold = verdict === "higher" || verdict === "lower";
  return {
    ...{ ...claim, difference, verdict },
    sentence: differenceSentence([row, than, quantity], difference),
    agreement: !isTold ? "not told" : verdict === expected ? "as the text says" : "against the text",
  };
}

interface FinishedRun {
  readonly seed: number;
  readonly each: ReadTraining;
  readonly features: MappedFeatures | null;
}

function drawn(
  runs: readonly FinishedRun[],
  groups: readonly ClassGroup[],
  evaluations: readonly PlannedEvaluation[],
  plan: ReproductionPlan,
): Omit<ReproducedFigureRow, "row" | "runs"> {
  const [first] = runs;
  const epochs = first?.each.epochs ?? [];
  const results = (attack: string) =>
    runs.flatMap(({ each }) => {
      const evaluation = evaluations.find((one) => one.attack === attack);
      return (evaluation && resultOf(each.results, evaluation, plan)) ?? [];
    });
  const byClass = results(plan.budget.attacks?.[0] ?? "pgd-20");
  const classMeans = (of: "clean" | "robust") =>
    (byClass[0]?.[of].perClass ?? []).map(
      (_, k) => meanOfRuns(byClass.map((result) => result[of].perClass[k]!.accuracy ?? 0))!.mean,
    );
  return {
    seedsDone: runs.map(({ seed }) => seed),
    trainCounts: first?.each.data.trainCounts ?? [],
    predictions: epochs.flatMap(({ epoch, predictedCounts }) =>
      predictedCounts ? [{ epoch, counts: predictedCounts }] : [],
    ),
    distances: epochs.flatMap(({ epoch }, at) => {
      const [head, tail] = (["head", "tail"] as const).map((group) =>
        meanOfRuns(runs.flatMap(({ each }) => distanceOf(each.epochs[at], groups, group) ?? [])),
      );
      return head && tail ? [{ epoch, head: head.mean, tail: tail.mean }] : [];
    }),
    steps: evaluations.flatMap(({ attack }) => {
      const mean = meanOfRuns(results(attack).map(({ robust }) => robust.accuracy));
      return mean ? [{ steps: Number(attack.split("-")[1]), accuracy: mean.mean }] : [];
    }),
    classes: { clean: classMeans("clean"), robust: classMeans("robust") },
    map: first?.features ?? null,
  };
}

/** Per cent, or the quantity's own unit; null where the run does not have it. */
function quantityOf(
  quantity: FigureQuantity,
  { each, features }: FinishedRun,
  groups: readonly ClassGroup[],
  plan: ReproductionPlan,
): number | null {
  const { epochs, results } = each;
  // The network has found its way by then.
  const later = epochs.slice(Math.floor(epochs.length / 2));
  const mean = (values: readonly (number | null)[]) =>
    meanOfRuns(values.filter((value) => value !== null))?.mean ?? null;
  switch (quantity) {
    case "tail predictions":
      return mean(later.map(({ predictedCounts }) => groupShare(predictedCounts, groups, "tail")));
    case "body predictions":
      return mean(later.map(({ predictedCounts }) => groupShare(predictedCounts, groups, "body")));
    case "tail distance":
      return mean(later.map((event) => distanceOf(event, groups, "tail")));
    case "tail silhouette":
      return mean(features ? features.silhouettes.filter((_, k) => groups[k] === "tail") : []);
    default: {
      const [what, group] = quantity.split(", ");
      const name = /PGD-\d+/.exec(what!)?.[0].toLowerCase() ?? plan.budget.attacks?.[0] ?? "pgd-20";
      const attack = group !== undefined ? (plan.budget.attacks?.[0] ?? "pgd-20") : name;
      const result = resultOf(results, { column: attack, attack, budget: {}, published: null }, plan);
      if (!result) return null;
      const report = what!.startsWith("clean") ? result.clean : result.robust;
      if (group === undefined) return 100 * report.accuracy;
      const own = report.perClass.flatMap(({ accuracy }, k) => (groups[k] === group ? [accuracy] : []));
      return mean(own.map((value) => (value === null ? null : 100 * value)));
    }
  }
}

function groupShare(
  counts: readonly number[] | null,
  groups: readonly ClassGroup[],
  group: ClassGroup,
): number | null {
  const total = counts?.reduce((sum, count) => sum + count, 0) ?? 0;
  if (!counts || total === 0) return null;
  return (100 * counts.reduce((sum, count, k) => sum + (groups[k] === group ? count : 0), 0)) / total;
}

function distanceOf(
  event: EpochEvent | undefined,
  groups: readonly ClassGroup[],
  group: ClassGroup,
): number | null {
  const own = (event?.exampleDistances ?? []).filter((value, k) => value !== null && groups[k] === group);
  return meanOfRuns(own as number[])?.mean ?? null;
}
