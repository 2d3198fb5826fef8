// Attacks by the names that results use, such as pgd-20, apgd-t or square, with their constants spelt out.
import { ReatError } from "../errors.js";
import type { Attack } from "./attack.js";
import {
  type EnsembleAttackName,
  ensembleAttack,
  ensembleAttackNames,
  ensembleConstants,
} from "./autoattack/index.js";
import { carliniWagner } from "./carlini-wagner.js";
import { type BallName, ballNames, type NormName, norms, requireBall } from "./geometry/index.js";
import { crossEntropyObjective, marginObjective, withLogitScale } from "./objective.js";
import type { AttackObserver } from "./observer.js";
import { fgsm, momentumAttack, pgd, type StartNoiseName } from "./pgd/index.js";
import { withScaledLogits } from "./transfer.js";

/** What may be chosen beside the name. An attack takes no notice of what it has not, and does not record it. */
export interface NamedAttackOptions {
  /** Default: "linf". */
  readonly norm?: BallName;
  /** Default: 8/255 for l∞, 1 for l2, 12 for l1. */
  readonly epsilon?: number;
  /** Of pgd, cw and mim. Default: 2/255 for l∞, 0.2 for l2. */
  readonly stepSize?: number;
  /** Of pgd and cw. Default: "uniform". */
  readonly start?: StartNoiseName;
  /** Of pgd, cw, apgd, fab and square. Default: 1, for apgd in l1 its form's 5. */
  readonly restarts?: number;
  /** Factor on the logits while attacking, > 0; 10 is the paper's adaptive attack. Default: 1. */
  readonly logitScale?: number;
  readonly observer?: AttackObserver;
}

/** Everything that determines the attack but its random numbers, as plain JSON; written beside each result. */
export interface AttackConstants {
  readonly algorithm: string;
  readonly norm: BallName;
  readonly epsilon: number;
  readonly logitScale: number;
  readonly [constant: string]: unknown;
}

/** An attack with the constants it was built from. */
export interface NamedAttack {
  readonly name: string;
  readonly constants: AttackConstants;
  readonly attack: Attack;
}

/** What `namedAttack` accepts, in words. */
export const acceptedAttackNames =
  "pgd-<steps> (PGD on the cross entropy: pgd-20, pgd-100), cw-<steps> (PGD on the margin: cw-20, cw-100), " +
  `mim-<steps>, fgsm, ${ensembleAttackNames.join(", ")}, cw-l2 or cw-l2-fixed`;

const defaultEpsilon: Readonly<Record<BallName, number>> = {
  linf: norms.linf.defaults.epsilon,
  l2: norms.l2.defaults.epsilon,
  l1: 12,
};
const stepwise: readonly NormName[] = ["linf", "l2"];

type Family = "pgd" | "cw" | "mim" | "fgsm" | "cw-l2" | "cw-l2-fixed" | EnsembleAttackName;

function parse(name: string): { family: Family; steps: number } | null {
  const match = /^(pgd|cw|mim)-([1-9]\d{0,5})$/.exec(name);
  if (match) return { family: match[1] as Family, steps: Number(match[2]) };
  const whole: readonly Family[] = ["fgsm", "cw-l2", "cw-l2-fixed", ...ensembleAttackNames];
  const family = whole.find((known) => known === name);
  return family ? { family, steps: 0 } : null;
}

/** Whether `namedAttack` knows the name. */
export function isAttackName(name: string): boolean {
  return parse(name) !== null;
}

function normsOf(family: Family): readonly BallName[] {
  if (family === "cw-l2" || family === "cw-l2-fixed") return ["l2"];
  return ensembleAttackNames.includes(family as EnsembleAttackName) ? ballNames : stepwise;
}

/** @internal The norm and radius of an attack. @throws ReatError `config` for a norm or radius it has not */
export function requireBudget(
  name: string,
  accepted: readonly BallName[],
  { norm = "linf", epsilon, logitScale = 1 }: NamedAttackOptions,
): { norm: BallName; epsilon: number; logitScale: number } {
  if (!accepted.includes(norm)) {
    throw new ReatError("config", `norm of attack ${name} must be ${listed(accepted)}, got "${norm}"`);
  }
  if (!(logitScale > 0 && Number.isFinite(logitScale))) {
    throw new ReatError(
      "config",
      `logitScale of attack ${name} must be a finite number > 0, got ${logitScale}`,
    );
  }
  return { norm, epsilon: epsilon ?? defaultEpsilon[norm], logitScale };
}

function listed(words: readonly string[]): string {
  return words.join(", ").replace(/, (\w+)$/, " or $1");
}

/**
 * The evaluation attack of that name. PGD with the given number of steps climbs the cross entropy ("pgd-") or Carlini and
 * Wagner's margin ("cw-"); its start is moved into [0, 1], so that the model only sees images. APGD, FAB and Square have the
 * constants of AutoAttack's standard ensemble, `cw-l2` those of its paper (9 rounds of 1,000 Adam steps), `cw-l2-fixed` one
 * round of 50 steps.
 * @throws ReatError `config` for an unknown name, a norm that it has not or a constant out of its range
 */
export function namedAttack(name: string, options: NamedAttackOptions = {}): NamedAttack {
  const parsed = parse(name);
  if (!parsed) throw new ReatError("config", `attack must be ${acceptedAttackNames}, got "${name}"`);
  const { family, steps } = parsed;
  const budget = requireBudget(name, normsOf(family), options);
  switch (family) {
    case "pgd":
    case "cw":
      return projectedAttack(name, family, steps, budget, options);
    case "mim": {
      const stepSize = options.stepSize ?? norms[budget.norm as NormName].defaults.stepSize;
      const own = { norm: budget.norm as NormName, epsilon: budget.epsilon, stepSize, steps, decay: 1 };
      return scaled(name, { algorithm: "mim", ...own }, momentumAttack({ name, ...own }), budget.logitScale);
    }
    case "fgsm": {
      // Its step is its radius, and a step of nothing is none.
      requireBall(name, budget.norm, budget.epsilon);
      const own = { norm: budget.norm as NormName, epsilon: budget.epsilon };
      return scaled(name, { algorithm: "fgsm", ...own }, fgsm({ name, ...own }), budget.logitScale);
    }
    case "cw-l2":
    case "cw-l2-fixed": {
      const original = { searchRounds: 9, steps: 1000, weight: 1e-3, learningRate: 0.01 };
      const fixed = { searchRounds: 1, steps: 50, weight: 1, learningRate: 0.01 };
      const own = { epsilon: budget.epsilon, confidence: 0, ...(family === "cw-l2" ? original : fixed) };
      const constants = { algorithm: "carlini-wagner", norm: budget.norm, ...own };
      return scaled(name, constants, carliniWagner({ name, ...own }), budget.logitScale);
    }
    default:
      return ensembleMember(family, budget, options);
  }
}

type Budget = ReturnType<typeof requireBudget>;

function projectedAttack(
  name: string,
  family: "pgd" | "cw",
  steps: number,
  { norm: ball, epsilon, logitScale }: Budget,
  { start = "uniform", restarts = 1, stepSize }: NamedAttackOptions,
): NamedAttack {
  const norm = ball as NormName;
  const constants = {
    algorithm: "pgd",
    objective: family === "pgd" ? "ce" : "margin",
    ...{ norm, epsilon, stepSize: stepSize ?? norms[norm].defaults.stepSize },
    ...{ steps, start, restarts, logitScale },
  };
  const base = family === "pgd" ? crossEntropyObjective : marginObjective;
  const objective = logitScale === 1 ? base : withLogitScale(base, logitScale);
  return { name, constants, attack: pgd({ ...constants, name, objective, clampStart: true }) };
}

function ensembleMember(
  name: EnsembleAttackName,
  { norm, epsilon, logitScale }: Budget,
  { restarts, observer }: NamedAttackOptions,
): NamedAttack {
  const standard = ensembleConstants("standard", norm);
  const more = restarts === undefined ? {} : { restarts };
  const all = {
    ...standard,
    apgd: { ...standard.apgd, ...more },
    targetedApgd: { ...standard.targetedApgd, ...more },
    fab: { ...standard.fab, ...more, ...(restarts !== undefined && { targetedRestarts: restarts }) },
    square: { ...standard.square, ...more },
  };
  // The standard constants name their targets by number, so that the number of classes decides nothing.
  const setting = { norm, epsilon, classes: 0, ...(observer && { observer }) };
  return scaled(
    name,
    { algorithm: name, norm, epsilon, ...constantsOf(name, all) },
    ensembleAttack(name, all, setting),
    logitScale,
  );
}

function constantsOf(
  name: EnsembleAttackName,
  { apgd, targetedApgd, fab, square }: ReturnType<typeof ensembleConstants>,
): object {
  switch (name) {
    case "apgd-ce":
    case "apgd-dlr":
      return apgd;
    case "apgd-t":
      return { ...apgd, ...targetedApgd };
    case "fab": {
      const { targets: _targets, targetedRestarts: _restarts, ...own } = fab;
      return own;
    }
    case "fab-t": {
      const { targetedRestarts, ...own } = fab;
      return { ...own, restarts: targetedRestarts };
    }
    case "square":
      return square;
  }
}

function scaled(
  name: string,
  constants: Omit<AttackConstants, "logitScale"> & { readonly algorithm: string },
  attack: Attack,
  logitScale: number,
): NamedAttack {
  const { algorithm, norm, epsilon, ...rest } = constants as AttackConstants;
  return {
    name,
    constants: { algorithm, norm, epsilon, ...rest, logitScale },
    attack: logitScale === 1 ? attack : withScaledLogits(attack, logitScale, name),
  };
}
