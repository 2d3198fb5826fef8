// What was run, as label and value: the data, the model, the protocol, the seeds, the machine.

import { normSymbol } from "../../attacks/index.js";
import { attackLabel } from "../../evaluation/index.js";
import { methodNames, methods } from "../../methods/index.js";
import { compact, count, duration } from "../numbers.js";
import { plainText } from "../plain-text.js";
import { attackCurves, type RunRecord, type Settings, setting } from "../reading/index.js";
import { augmentationText, recipeText } from "./recipe-facts.js";

export interface Fact {
  readonly label: string;
  readonly value: string;
}

/** A fact of several runs, side by side; `shared` where all have the same value. */
export interface FactRow {
  readonly label: string;
  readonly values: readonly (string | null)[];
  readonly shared: boolean;
}

/** The facts of every run, one row for each label, in the order of the first run that has it. */
export function factRows(records: readonly RunRecord[]): FactRow[] {
  const facts = records.map((record) => new Map(runFacts(record).map((f) => [f.label, f.value])));
  const labels = [...new Set(facts.flatMap((f) => [...f.keys()]))];
  return labels.map((label) => {
    const values = facts.map((f) => f.get(label) ?? null);
    return { label, values, shared: values.every((v) => v === values[0]) };
  });
}

/** The facts of one run; what its folder does not say is left out. */
export function runFacts(record: RunRecord): Fact[] {
  const { config } = record;
  const facts: [string, string | null][] = [
    ["Method", methodText(record)],
    ["Data", dataText(record)],
    ["Training images", imagesText(record)],
    ["About the data", record.data?.notes?.join(" ") || null],
    ["Model", text(setting(config, "model.architecture"))],
    ["Training attack", attackText(setting(config, "method.attack"))],
    ["Training", trainingText(config)],
    ["Recipe", recipeText(config)],
    ["Weights", averageText(setting(config, "training.weightAverage"))],
    ["Evaluation attack", evaluationText(record)],
    ["Best checkpoint", selectionText(setting(config, "training.select"))],
    ["Seeds", seedsText(record)],
    ["Time", record.end ? duration(record.end.seconds) : null],
    ...environmentFacts(record.environment),
  ];
  return facts.flatMap(([label, value]) => (value === null ? [] : [{ label, value }]));
}

function methodText(record: RunRecord): string | null {
  const name = text(setting(record.config, "method.name"));
  const loss = text(setting(record.config, "method.loss"));
  if (name === null) return null;
  const spelled = { ce: "cross-entropy", bsl: "balanced softmax" }[loss ?? ""] ?? loss;
  return spelled === null ? methodTitle(name) : `${methodTitle(name)}, ${spelled}`;
}

/** A method's name as papers write it. */
export function methodTitle(name: string): string {
  const known = methodNames.find((candidate) => candidate === name);
  return known === undefined ? name : methods[known].title;
}

function dataText(record: RunRecord): string | null {
  const source =
    record.data?.name ?? record.stored[0]?.dataset ?? text(setting(record.config, "data.source"));
  if (source === null) return null;
  const subset = setting(record.config, "data.subset");
  const profile = text(at(subset, "profile"));
  if (profile === null || profile === "natural" || profile === "full") return source;
  const ratio = at(subset, "imbalance");
  const tailed = profile !== "balanced-small" && typeof ratio === "number";
  return `${source}, ${profile}${tailed ? `, UR = ${compact(ratio)}` : ""}`;
}

function imagesText(record: RunRecord): string | null {
  const counts = record.data?.trainCounts;
  if (!counts || counts.length === 0) return null;
  const total = counts.reduce((a, b) => a + b, 0);
  const [most, least] = [Math.max(...counts), Math.min(...counts)];
  const { validationImages = 0, subsetHash } = record.data!;
  const validation = validationImages > 0 ? `; ${count(validationImages)} set aside for validation` : "";
  const hash = subsetHash === undefined ? "" : `; subset ${subsetHash.slice(0, 12)}`;
  return `${count(total)} in ${counts.length} classes, ${count(most)} to ${count(least)} a class${validation}${hash}`;
}

function trainingText(config: Settings): string | null {
  const training = setting(config, "training");
  const epochs = at(training, "epochs");
  if (epochs === undefined) return null;
  const parts = [`${scalar(epochs)} epochs`];
  const [batch, rate, decay, factor] = ["batchSize", "learningRate", "weightDecay", "factor"].map((k) =>
    at(training, k),
  );
  if (batch !== undefined) parts.push(`batches of ${scalar(batch)}`);
  if (rate !== undefined) parts.push(`learning rate ${scalar(rate)}`);
  const milestones = at(training, "milestones");
  const [oneCycle, cosine] = [at(training, "oneCycle"), at(training, "cosine")];
  if (oneCycle !== undefined) parts.push(`in one cycle with its peak at ${scalar(at(oneCycle, "peakAt"))}`);
  else if (cosine !== undefined) parts.push("along half a cosine");
  else if (Array.isArray(milestones) && milestones.length > 0 && factor !== undefined) {
    parts.push(`× ${scalar(factor)} after ${milestones.map(scalar).join(", ")}`);
  }
  if (decay !== undefined) parts.push(`weight decay ${scalar(decay)}`);
  const augmentation = augmentationText(config);
  if (augmentation !== null) parts.push(augmentation);
  return parts.join(", ");
}

/** Null where the trained weights themselves are measured. */
function averageText(average: unknown): string | null {
  const [decay, from] = [at(average, "decay"), at(average, "from")];
  if (decay === undefined) return null;
  const since = from === undefined || from === 1 ? "" : ` from epoch ${scalar(from)}`;
  const warm = at(average, "warmUp") === true ? ", warmed up" : "";
  return `averaged over the steps${since}, decay ${scalar(decay)}${warm}`;
}

/** An attack's settings in a line: "l∞, ε = 8/255, step 2/255, 10 steps". Null where there are none. */
export function attackText(attack: unknown): string | null {
  if (typeof attack !== "object" || attack === null) return null;
  const parts: string[] = [];
  const norm = text(at(attack, "norm"));
  if (norm !== null) parts.push(normSymbol(norm));
  const [epsilon, stepSize] = [at(attack, "epsilon"), at(attack, "stepSize")];
  const [steps, start, batchNorm] = ["steps", "start", "batchNorm"].map((key) => at(attack, key));
  if (epsilon !== undefined && epsilon !== null) parts.push(`ε = ${budget(epsilon)}`);
  if (stepSize !== undefined && stepSize !== null) parts.push(`step ${budget(stepSize)}`);
  if (steps !== undefined) parts.push(`${scalar(steps)} steps`);
  if (typeof start === "string") parts.push(`${start} start`);
  if (batchNorm === "batch") parts.push("batch statistics in the attack");
  return parts.length === 0 ? null : parts.join(", ");
}

function evaluationText(record: RunRecord): string | null {
  const described = new Map<string, string>();
  const curves = attackCurves(record).flatMap((curve) => curve.points.map((point) => point.result));
  for (const result of record.stored) {
    // The chart of a curve shows its budgets; its points would fill the page.
    if (curves.includes(result) && described.size > 0) continue;
    const { attack, robust } = result;
    const constants = attackText(attack.constants);
    described.set(
      attackLabel(attack),
      `${attack.name.toUpperCase()}${constants ? ` (${constants})` : ""} on ${count(robust.total)} images`,
    );
  }
  if (described.size > 0) return [...described.values()].join("; ");
  const logged = record.evaluations.at(-1);
  return logged
    ? `${logged.attack.toUpperCase()} on ${count(logged.robust.total)} images, while training`
    : null;
}

function selectionText(select: unknown): string | null {
  const spelled: Record<string, string> = {
    test: "highest robust accuracy on the test images, which flatters it",
    validation: "highest robust accuracy on the validation images",
    last: "the last epoch",
  };
  return typeof select === "string" ? (spelled[select] ?? select) : null;
}

function seedsText(record: RunRecord): string | null {
  const seeds = record.start?.seeds ?? setting(record.config, "seeds");
  if (typeof seeds !== "object" || seeds === null) return null;
  const parts = Object.entries(seeds).map(([stream, seed]) => `${stream} ${scalar(seed)}`);
  return parts.length === 0 ? null : parts.join(", ");
}

function environmentFacts(environment: Settings): [string, string | null][] {
  const named = (name: string, key: string) => {
    const version = text(environment[key]);
    return version === null ? [] : [`${name} ${version}`];
  };
  const numbered = (key: string) =>
    typeof environment[key] === "number" ? [`${environment[key]} ${key}`] : [];
  const software = [...named("reat", "reat"), ...named("LibTorch", "libtorch"), ...named("Node", "node")];
  const hardware = [
    ...named("", "cpu"),
    ...numbered("cores"),
    ...numbered("threads"),
    ...named("device", "device"),
  ];
  const commit = text(setting(environment, "revision.commit"));
  const modified =
    setting(environment, "revision.modified") === true ? ", with changes that were not committed" : "";
  return [
    ["Commit", commit === null ? null : `${commit.slice(0, 12)}${modified}`],
    ["Software", joined([...software, ...named("", "platform")])],
    ["Hardware", joined(hardware)],
  ];
}

function joined(parts: readonly string[]): string | null {
  return parts.length === 0 ? null : parts.map((part) => part.trim()).join(", ");
}

/** Pixel budgets read as the field writes them, in 255ths, where they are whole ones. */
function budget(value: unknown): string {
  if (typeof value !== "number") return scalar(value);
  const levels = value * 255;
  const whole = value > 0 && value < 0.5 && Math.abs(levels - Math.round(levels)) < 1e-3;
  return whole ? `${Math.round(levels)}/255` : compact(value);
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Settings)[key] : undefined;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function scalar(value: unknown): string {
  if (typeof value === "number" && !Number.isInteger(value)) return compact(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return plainText(value);
}
