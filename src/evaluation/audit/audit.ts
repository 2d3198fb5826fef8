// Runs every check on a model and gives a verdict: is its robustness real?
import { ReatError } from "../../errors.js";
import { blackBox } from "./black-box.js";
import type { AuditCheck } from "./check.js";
import { share } from "./comparison.js";
import { largeEpsilon } from "./large-epsilon.js";
import { logitScale } from "./logit-scale.js";
import { type LossSurface, lossSurfaceCheck, lossSurfaces } from "./loss-surface.js";
import { moreSteps } from "./more-steps.js";
import { objective } from "./objective.js";
import { randomRestarts } from "./random-restarts.js";
import type { AuditRow, AuditVerdict, Finding, QuotedAttack } from "./row.js";
import { singleStep } from "./single-step.js";
import { AuditSubject, type Flags, type SubjectOptions } from "./subject.js";
import { transfer } from "./transfer.js";
import { zeroGradients } from "./zero-gradients.js";

/** Cheap checks first, so that a broken model is found early. */
const checks: readonly AuditCheck[] = [
  zeroGradients,
  lossSurfaceCheck,
  singleStep,
  largeEpsilon,
  logitScale,
  objective,
  randomRestarts,
  moreSteps,
  transfer,
  blackBox,
];

/** Names of the checks, in the order in which they run. */
export const auditCheckNames: readonly string[] = checks.map(({ name }) => name);

/** How far an audit is. */
export interface AuditProgress {
  /** Check that runs, from 1. */
  readonly check: number;
  readonly checks: number;
  readonly name: string;
  /** Batches of the attack that runs, and its name. */
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  /** Of the whole audit; null until it can be estimated. */
  readonly secondsLeft: number | null;
}

/** What an audit has found so far: plain JSON, enough to go on after a kill. */
export interface AuditState {
  /** For each finished attack one character per image, "1" where it stands. */
  readonly found: Flags;
  /** Finished checks. */
  readonly rows: readonly AuditRow[];
  readonly seconds: number;
}

/** What an audit checks, with which budget, on which images. */
export interface AuditOptions extends Omit<SubjectOptions, "onBatch" | "known" | "onFound"> {
  /** Default: all. */
  readonly checks?: readonly string[];
  /** Go on from a state of the same model, images, budget, seeds and surrogate; the caller sees to that. */
  readonly resume?: AuditState | undefined;
  /** Called after each attack and each check with what to save. */
  readonly onState?: ((state: AuditState) => void | Promise<void>) | undefined;
  readonly onProgress?: ((progress: AuditProgress) => void) | undefined;
}

/** All checks of an audit, and its verdict. */
/** Whether the plain attack's accuracy may be quoted. */
export interface AuditFigure {
  readonly verdict: "stands" | "overstated";
  /** The strongest attack of those that showed the overstatement; AutoAttack goes further still. Null where the figure stands. */
  readonly quote: QuotedAttack | null;
}

/** All checks of an audit, and its verdict. */
export interface Audit {
  /**
   * Of the model: "fail" where a check found masked gradients; "pass" where none did, most of those were conclusive, and the
   * model does not merely guess.
   */
  readonly verdict: AuditVerdict;
  /** Of the plain attack's figure. */
  readonly figure: AuditFigure;
  readonly rows: readonly AuditRow[];
  readonly images: number;
  /** Accuracies of the images, from 0 to 1: without an attack, and under the plain one. */
  readonly clean: number;
  readonly robust: number;
  /** Around the first images; empty where the check "loss-surface" was not asked for. */
  readonly surfaces: readonly LossSurface[];
  readonly seconds: number;
}

/**
 * Checks a model's robustness for masked gradients. A pass says that these checks found no sign, not that there is none.
 * @throws ReatError `data` without images, `config` for an unknown check, `numerics` for logits that are NaN; the signal's
 *   reason when it is aborted
 */
export async function audit(options: AuditOptions): Promise<Audit> {
  const { resume, onState, onProgress, ...rest } = options;
  const began = performance.now();
  const secondsNow = () => (performance.now() - began) / 1000;
  const wanted = options.checks ?? auditCheckNames;
  const unknown = wanted.find((name) => !auditCheckNames.includes(name));
  if (unknown !== undefined) {
    throw new ReatError(
      "config",
      `There is no check "${unknown}"; accepted are ${auditCheckNames.join(", ")}.`,
    );
  }
  const chosen = checks.filter(({ name }) => wanted.includes(name));
  let current = { check: 1, checks: chosen.length, name: chosen[0]?.name ?? "" };
  const rows: AuditRow[] = [];
  const finished = () => {
    const others = (resume?.rows ?? []).filter(({ name }) => rows.every((row) => row.name !== name));
    return [...others, ...rows];
  };
  const report = (found: Flags) =>
    onState?.({ found, rows: finished(), seconds: (resume?.seconds ?? 0) + secondsNow() });
  const subject: AuditSubject = new AuditSubject({
    ...rest,
    known: resume?.found,
    onFound: report,
    onBatch: (stage, done, total) =>
      onProgress?.({ ...current, stage, done, total, secondsLeft: secondsLeft() }),
  });
  // The plain attack is shared by all checks; their own work is added to it.
  const work = subject.steps + chosen.reduce((sum, check) => sum + check.cost(subject), 0);
  const secondsLeft = () =>
    subject.spent > 0
      ? (secondsNow() / subject.spent) * Math.max(work - subject.spent - subject.spared, 0)
      : null;
  const clean = share(await subject.clean());
  for (const [index, check] of chosen.entries()) {
    const { name, title, source } = check;
    current = { ...current, check: index + 1, name };
    const before = resume?.rows.find((row) => row.name === name);
    if (before) subject.spared += check.cost(subject);
    rows.push(before ?? { name, title, source, ...(await check.run(subject).catch(brokenNumbers)) });
    if (!before) await report(subject.found);
  }
  const plain = await subject.plain();
  const surfaces = wanted.includes(lossSurfaceCheck.name) ? await lossSurfaces(subject) : [];
  const chance = 1 / options.model.classes;
  // Two standard errors of a guess: a model below has nothing that could be defended.
  const useful = clean > chance + 2 * Math.sqrt((chance * (1 - chance)) / plain.length);
  return {
    verdict: overall(rows, useful),
    figure: figureOf(rows),
    rows,
    images: plain.length,
    ...{ clean, robust: share(plain), surfaces },
    seconds: (resume?.seconds ?? 0) + secondsNow(),
  };
}

/** Far from the images a model may divide by zero; that ends one check, not the audit. */
function brokenNumbers(cause: unknown): Finding {
  if (!(cause instanceof ReatError && cause.code === "numerics")) throw cause;
  return {
    verdict: "inconclusive",
    measured: {},
    threshold: "finite logits are needed",
    explanation: `The check could not be made. ${cause.message}`,
  };
}

/** @internal The verdict on the model. @param useful whether it does better than guessing */
export function overall(rows: readonly Pick<AuditRow, "name" | "verdict">[], useful: boolean): AuditVerdict {
  if (rows.some(({ verdict }) => verdict === "fail")) return "fail";
  if (!useful) return "inconclusive";
  // Whether an attack overstates says nothing of the gradients, so those rows decide only where there are no others.
  const telling = rows.filter(({ name }) => tellsOfGradients.has(name));
  const deciding = telling.length > 0 ? telling : rows;
  const passed = deciding.filter(({ verdict }) => verdict === "pass").length;
  return 2 * passed > deciding.length ? "pass" : "inconclusive";
}

const tellsOfGradients = new Set(checks.filter(({ tells }) => tells === "gradients").map(({ name }) => name));

/** @internal The verdict on the plain attack's figure. */
export function figureOf(rows: readonly Pick<AuditRow, "verdict" | "quote">[]): AuditFigure {
  const quotes = rows.flatMap(({ quote }) => quote ?? []);
  const [strongest] = quotes.toSorted((a, b) => a.accuracy - b.accuracy);
  const failed = rows.some(({ verdict }) => verdict === "fail" || verdict === "overstates");
  return { verdict: failed ? "overstated" : "stands", quote: strongest ?? null };
}
