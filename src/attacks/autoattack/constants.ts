// AutoAttack's constants, fixed in one place: the official ensembles and, under a name of its own, a weaker clone's.
import { createHash } from "node:crypto";
import { canonicalJson } from "../../canonical-json.js";
import { ReatError } from "../../errors.js";
import type { BallName } from "../geometry/index.js";

/** The attacks an ensemble may hold. */
export const ensembleAttackNames = ["apgd-ce", "apgd-dlr", "apgd-t", "fab", "fab-t", "square"] as const;
/** The name of an attack that an ensemble may hold. */
export type EnsembleAttackName = (typeof ensembleAttackNames)[number];

/** Everything about an ensemble that decides its figures, besides norm, radius and seed. */
export interface EnsembleConstants {
  readonly attacks: readonly EnsembleAttackName[];
  readonly apgd: {
    readonly steps: number;
    readonly restarts: number;
    readonly rho: number;
    readonly gradientRepeats: number;
    readonly shrinkingRadius: boolean;
  };
  /** Of apgd-t; `targets` "all" is one less than the classes. */
  readonly targetedApgd: { readonly restarts: number; readonly targets: number | "all" };
  readonly fab: {
    readonly steps: number;
    readonly restarts: number;
    readonly targets: number | "all";
    readonly targetedRestarts: number;
    readonly alphaMax: number;
    readonly eta: number;
    readonly beta: number;
  };
  readonly square: {
    readonly queries: number;
    readonly restarts: number;
    readonly firstShare: number;
    readonly rescaledSchedule: boolean;
  };
}

/**
 * `standard`, `plus` and `rand` are those of the official implementation (fra31/auto-attack a392200). `torchattacks-3.5`
 * is that clone's weaker default: 10 steps, all wrong classes; it exists to measure again what was published with it.
 */
export const ensembleNames = ["standard", "plus", "rand", "torchattacks-3.5"] as const;
/** The name of an ensemble with fixed constants. */
export type EnsembleName = (typeof ensembleNames)[number];

const standard: EnsembleConstants = {
  attacks: ["apgd-ce", "apgd-t", "fab-t", "square"],
  apgd: { steps: 100, restarts: 1, rho: 0.75, gradientRepeats: 1, shrinkingRadius: false },
  targetedApgd: { restarts: 1, targets: 9 },
  fab: { steps: 100, restarts: 1, targets: 9, targetedRestarts: 1, alphaMax: 0.1, eta: 1.05, beta: 0.9 },
  square: { queries: 5000, restarts: 1, firstShare: 0.8, rescaledSchedule: false },
};

const ensembles: Readonly<Record<EnsembleName, EnsembleConstants>> = {
  standard,
  plus: {
    ...standard,
    attacks: ["apgd-ce", "apgd-dlr", "fab", "square", "apgd-t", "fab-t"],
    apgd: { ...standard.apgd, restarts: 5 },
    fab: { ...standard.fab, restarts: 5 },
  },
  rand: {
    ...standard,
    attacks: ["apgd-ce", "apgd-dlr"],
    apgd: { ...standard.apgd, gradientRepeats: 20 },
  },
  "torchattacks-3.5": {
    ...standard,
    apgd: { ...standard.apgd, steps: 10 },
    targetedApgd: { restarts: 1, targets: "all" },
    fab: { ...standard.fab, steps: 10, targets: "all" },
    square: { ...standard.square, rescaledSchedule: true },
  },
};

/** The standard ensemble's form for l1: five restarts at shrinking radii, five targets. */
const standardL1: EnsembleConstants = {
  ...standard,
  apgd: { ...standard.apgd, restarts: 5, shrinkingRadius: true },
  targetedApgd: { restarts: 1, targets: 5 },
};

/** An ensemble by name, a list of attacks with the standard constants, or your own constants. */
export type EnsembleVersion = EnsembleName | readonly EnsembleAttackName[] | EnsembleConstants;

/**
 * The constants of an ensemble; a list of attacks takes the standard constants for each of them.
 * @throws ReatError `config` for an unknown name, an unknown attack, or an empty list
 */
export function ensembleConstants(version: EnsembleVersion, norm: BallName): EnsembleConstants {
  const ofStandard = norm === "l1" ? standardL1 : standard;
  if (typeof version !== "string") {
    const own = "attacks" in version ? version : { ...ofStandard, attacks: [...version] };
    const unknown = own.attacks.find((name) => !ensembleAttackNames.includes(name));
    if (own.attacks.length > 0 && unknown === undefined) return own;
    throw new ReatError(
      "config",
      `An ensemble of your own is a list of ${ensembleAttackNames.join(", ")}, got ${unknown === undefined ? "an empty list" : `"${unknown}"`}.`,
    );
  }
  if (!Object.hasOwn(ensembles, version)) {
    throw new ReatError(
      "config",
      `The ensemble must be ${ensembleNames.join(", ")} or a list of attacks, got "${version}".`,
    );
  }
  return version === "standard" ? ofStandard : ensembles[version];
}

/**
 * SHA-256 (hexadecimal) of the constants as JSON with sorted keys and no blanks. Two figures with the same hash, norm,
 * radius and images were measured with the same attack; its first 12 characters are printed beside numbers.
 */
export function constantsHash(constants: EnsembleConstants): string {
  return createHash("sha256").update(canonicalJson(constants)).digest("hex");
}
