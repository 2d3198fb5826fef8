// Attacks by the names that results use: pgd-20, pgd-100, cw-100, with their constants spelt out.
import { ReatError } from "../errors.js";
import type { Attack } from "./attack.js";
import { type NormName, norms } from "./norm.js";
import { crossEntropyObjective, marginObjective, withLogitScale } from "./objective.js";
import { pgd } from "./pgd.js";
import type { StartNoiseName } from "./start-noise.js";

/** What may be chosen beside the name. */
export interface NamedAttackOptions {
  /** Default: "linf". */
  readonly norm?: NormName;
  /** Default: 8/255 for l∞, 1 for l2. */
  readonly epsilon?: number;
  /** Default: 2/255 for l∞, 0.2 for l2. */
  readonly stepSize?: number;
  /** Default: "uniform". */
  readonly start?: StartNoiseName;
  /** Default: 1. */
  readonly restarts?: number;
  /** Factor on the logits while attacking, > 0; 10 is the paper's adaptive attack. Default: 1. */
  readonly logitScale?: number;
}

/** Everything that determines the attack but its random numbers; written beside each result. */
export interface AttackConstants extends Required<NamedAttackOptions> {
  readonly algorithm: "pgd";
  readonly objective: "ce" | "margin";
  readonly steps: number;
}

/** An attack with the constants it was built from. */
export interface NamedAttack {
  readonly name: string;
  readonly constants: AttackConstants;
  readonly attack: Attack;
}

/** What `namedAttack` accepts, in words. */
export const acceptedAttackNames =
  "pgd-<steps> (PGD on the cross entropy: pgd-20, pgd-100) or cw-<steps> (PGD on the margin: cw-20, cw-100)";

/**
 * The evaluation attack of that name: PGD with the given number of steps on the cross entropy ("pgd-") or on Carlini
 * and Wagner's margin ("cw-"). The start is moved into [0, 1], so that the model only sees images.
 * @throws ReatError `config` for an unknown name or a constant out of its range
 */
export function namedAttack(name: string, options: NamedAttackOptions = {}): NamedAttack {
  const match = /^(pgd|cw)-([1-9]\d{0,5})$/.exec(name);
  if (!match) throw new ReatError("config", `attack must be ${acceptedAttackNames}, got "${name}"`);
  const { norm = "linf", start = "uniform", restarts = 1, logitScale = 1 } = options;
  if (!Object.hasOwn(norms, norm)) {
    throw new ReatError(
      "config",
      `norm of attack ${name} must be ${Object.keys(norms).join(" or ")}, got "${norm}"`,
    );
  }
  if (!(logitScale > 0 && Number.isFinite(logitScale))) {
    throw new ReatError(
      "config",
      `logitScale of attack ${name} must be a finite number > 0, got ${logitScale}`,
    );
  }
  const { epsilon = norms[norm].defaults.epsilon, stepSize = norms[norm].defaults.stepSize } = options;
  const constants: AttackConstants = {
    algorithm: "pgd",
    objective: match[1] === "pgd" ? "ce" : "margin",
    norm,
    epsilon,
    stepSize,
    steps: Number(match[2]),
    start,
    restarts,
    logitScale,
  };
  const base = constants.objective === "ce" ? crossEntropyObjective : marginObjective;
  const objective = logitScale === 1 ? base : withLogitScale(base, logitScale);
  return { name, constants, attack: pgd({ ...constants, name, objective, clampStart: true }) };
}
