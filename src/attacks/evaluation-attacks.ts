// What an evaluation may run: the attacks by name, and AutoAttack in each of its versions.
import { ReatError } from "../errors.js";
import {
  type AttackConstants,
  type NamedAttack,
  type NamedAttackOptions,
  requireBudget,
} from "./attack-entry.js";
import { acceptedAttackNames, isAttackName, namedAttack } from "./attack-names.js";
import {
  constantsHash,
  type EnsembleAttackName,
  type EnsembleConstants,
  type EnsembleVersion,
  ensembleAttackNames,
  ensembleConstants,
} from "./autoattack/index.js";
import { ballNames, requireBall } from "./geometry/index.js";

/** AutoAttack under the name that results give it. */
export interface NamedEnsemble {
  readonly name: string;
  /** Those of {@link EnsembleConstants} with norm, radius, version and hash. */
  readonly constants: AttackConstants & EnsembleConstants & { readonly constantsHash: string };
  readonly version: EnsembleVersion;
}

/** A single attack, or AutoAttack as a whole; {@link isEnsemble} tells them apart. */
export type EvaluationAttackSpec = NamedAttack | NamedEnsemble;

/** AutoAttack's versions under the names of attacks. */
const versions: Readonly<
  Record<string, { readonly version: EnsembleVersion; readonly description: string }>
> = {
  autoattack: {
    version: "standard",
    description: "AutoAttack's standard version: apgd-ce, apgd-t, fab-t, square",
  },
  "autoattack-plus": {
    version: "plus",
    description: "AutoAttack's larger version: five restarts, and apgd-dlr and fab beside the standard ones",
  },
  "autoattack-rand": {
    version: "rand",
    description: "AutoAttack's version for random models: 20 gradients averaged in each step",
  },
  "autoattack-torchattacks-3.5": {
    version: "torchattacks-3.5",
    description: "a weaker clone's constants (10 steps), to measure published figures again",
  },
};
/** The names of AutoAttack's versions as attacks. */
export const ensembleSpecNames = Object.keys(versions);

/** What each version of AutoAttack is, in a line. */
export const ensembleDescriptions: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(versions).map(([name, { description }]) => [name, description]),
);

const custom = "autoattack:";

/** What `evaluationAttack` accepts, in words. */
export const acceptedEvaluationAttacks = `${acceptedAttackNames.replace(/ or (\S+)$/, ", $1")}, ${ensembleSpecNames.join(
  ", ",
)} or a list of your own such as ${custom}apgd-ce+square`;

/** Whether the attack is a whole ensemble, which `autoAttack` runs. */
export function isEnsemble(attack: EvaluationAttackSpec): attack is NamedEnsemble {
  return "version" in attack;
}

/** Whether the attack looks for examples with a model's fast logits, and confirms them: APGD, FAB, Square, and ensembles of them. */
export function confirmsExamples(attack: EvaluationAttackSpec): boolean {
  return isEnsemble(attack) || attack.attack.confirmsExamples === true;
}

function versionOf(name: string): EnsembleVersion | null {
  if (Object.hasOwn(versions, name)) return versions[name]!.version;
  if (!name.startsWith(custom)) return null;
  const list = name.slice(custom.length).split("+");
  const known = list.every((entry) => ensembleAttackNames.includes(entry as EnsembleAttackName));
  return known && new Set(list).size === list.length ? (list as EnsembleAttackName[]) : null;
}

/** The members of an ensemble by its name; null for an attack that is none. */
export function ensembleMembers(name: string): readonly EnsembleAttackName[] | null {
  const version = versionOf(name);
  // The form for l1 has the same members.
  return version === null ? null : ensembleConstants(version, "linf").attacks;
}

/** Whether `evaluationAttack` knows the name. */
export function isEvaluationAttackName(name: string): boolean {
  return isAttackName(name) || versionOf(name) !== null;
}

/**
 * An attack or ensemble by name: those of {@link namedAttack}, `autoattack` (the standard version), `autoattack-plus`,
 * `autoattack-rand`, `autoattack-torchattacks-3.5` (a weaker clone's constants, to measure published figures again), or
 * `autoattack:` with members joined by "+".
 * At radius 0 all of them leave the images unchanged, so what is measured is the clean accuracy.
 * @throws ReatError `config` for an unknown name, a norm or option that it does not support or a constant out of its range
 */
export function evaluationAttack(name: string, options: NamedAttackOptions = {}): EvaluationAttackSpec {
  if (options.epsilon === 0) {
    const { epsilon: _zero, ...others } = options;
    const { constants } = evaluationAttack(name, others);
    return {
      name,
      constants: { ...constants, epsilon: 0 },
      attack: { name, perturb: (_, images) => images.clone() },
    };
  }
  if (isAttackName(name)) return namedAttack(name, options);
  const version = versionOf(name);
  if (version === null) {
    throw new ReatError("config", `The attack must be ${acceptedEvaluationAttacks}, got "${name}".`);
  }
  const { norm, epsilon, logitScale } = requireBudget(name, ballNames, options);
  requireBall(name, norm, epsilon);
  for (const option of ["stepSize", "start", "restarts"] as const) {
    if (options[option] === undefined) continue;
    throw new ReatError(
      "config",
      `Attack ${name} takes no ${option}: AutoAttack's constants are fixed; choose those of single attacks such as apgd-ce.`,
    );
  }
  if (logitScale !== 1) {
    throw new ReatError(
      "config",
      `Attack ${name} takes no logit scale, got ${logitScale}: AutoAttack's constants are fixed; scale the logits of single attacks such as apgd-ce.`,
    );
  }
  const own = ensembleConstants(version, norm);
  const label = typeof version === "string" ? version : "custom";
  return {
    name,
    version,
    constants: {
      ...{ algorithm: "autoattack", version: label, norm, epsilon, logitScale },
      ...own,
      constantsHash: constantsHash(own),
    },
  };
}
