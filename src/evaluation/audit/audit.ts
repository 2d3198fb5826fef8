// Runs every check on a model and sums them up: is its robustness real?
import { ReatError } from "../../errors.js";
import { blackBox } from "./black-box.js";
import type { AuditCheck } from "./check.js";
import { share } from "./comparison.js";
import { largeEpsilon } from "./large-epsilon.js";
import { logitScale } from "./logit-scale.js";
import { type LossSurface, lossSurfaceCheck, lossSurfaces } from "./loss-surface.js";
import { moreSteps } from "./more-steps.js";
import { randomRestarts } from "./random-restarts.js";
import type { AuditRow, Finding, Verdict } from "./row.js";
import { singleStep } from "./single-step.js";
import { AuditSubject, type SubjectOptions } from "./subject.js";
import { transfer } from "./transfer.js";
import { zeroGradients } from "./zero-gradients.js";

/** Cheap ones first, so that a broken model is told early. */
const checks: readonly AuditCheck[] = [
  zeroGradients,
  lossSurfaceCheck,
  singleStep,
  largeEpsilon,
  logitScale,
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
}

export interface AuditOptions extends Omit<SubjectOptions, "onBatch"> {
  /** Default: all. */
  readonly checks?: readonly string[];
  readonly onProgress?: ((progress: AuditProgress) => void) | undefined;
}

export interface Audit {
  /** "fail" where a check failed; "pass" where none did, most were conclusive, and the model does not merely guess. */
  readonly verdict: Verdict;
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
  const began = performance.now();
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
  const subject = new AuditSubject({
    ...options,
    onBatch: (stage, done, total) => options.onProgress?.({ ...current, stage, done, total }),
  });
  const rows: AuditRow[] = [];
  const clean = share(await subject.clean());
  for (const [index, { name, title, source, run }] of chosen.entries()) {
    current = { ...current, check: index + 1, name };
    rows.push({ name, title, source, ...(await run(subject).catch(brokenNumbers)) });
  }
  const plain = await subject.plain();
  const surfaces = wanted.includes(lossSurfaceCheck.name) ? await lossSurfaces(subject) : [];
  const chance = 1 / options.model.classes;
  // Two standard errors of a guess: a model below has nothing that could be defended.
  const useful = clean > chance + 2 * Math.sqrt((chance * (1 - chance)) / plain.length);
  return {
    verdict: overall(rows, useful),
    rows,
    images: plain.length,
    ...{ clean, robust: share(plain), surfaces },
    seconds: (performance.now() - began) / 1000,
  };
}

/** Far from the images a model may divide by zero; that ends one check, not the audit. */
function brokenNumbers(cause: unknown): Finding {
  if (!(cause instanceof ReatError && cause.code === "numerics")) throw cause;
  return {
    verdict: "inconclusive",
    measured: {},
    threshold: "finite logits are needed",
    explanation: `The check could not be made: ${cause.message}.`,
  };
}

function overall(rows: readonly AuditRow[], useful: boolean): Verdict {
  if (rows.some(({ verdict }) => verdict === "fail")) return "fail";
  if (!useful) return "inconclusive";
  const passed = rows.filter(({ verdict }) => verdict === "pass").length;
  return 2 * passed > rows.length ? "pass" : "inconclusive";
}
