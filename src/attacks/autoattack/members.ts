// The attacks that an ensemble may hold: which of its constants each one takes, and how it is built from them.
import { z } from "zod";
import { apgd } from "../apgd/index.js";
import { type AttackEntry, defineAttack } from "../attack-entry.js";
import { fab } from "../fab/index.js";
import { type BallName, ballNames } from "../geometry/index.js";
import type { AttackObserver } from "../observer.js";
import { square } from "../square/index.js";
import type { StandingAttack } from "../standing-attack.js";
import {
  type EnsembleAttackName,
  type EnsembleConstants,
  ensembleAttackNames,
  ensembleConstants,
} from "./constants.js";

/** What the constants leave open. */
export interface EnsembleSetting {
  readonly norm: BallName;
  readonly epsilon: number;
  /** Classes of the model, which "all" targets depends on. */
  readonly classes: number;
  readonly observer?: AttackObserver;
}

interface Member<Own> {
  readonly description: string;
  readonly paper: string;
  /** The classes its objective needs. */
  readonly leastClasses?: number;
  /** The part of an ensemble's constants that is its own. */
  readonly part: (constants: EnsembleConstants) => Own;
  readonly make: (own: Own, setting: EnsembleSetting & { readonly name: string }) => StandingAttack;
}

interface BuiltMember extends Omit<Member<unknown>, "part" | "make"> {
  readonly attack: (constants: EnsembleConstants, setting: EnsembleSetting) => StandingAttack;
  readonly entry: AttackEntry;
}

/** A member of ensembles that is also an attack of its own, with the constants of the standard ensemble. */
function member<Own extends { readonly restarts: number }>(
  name: EnsembleAttackName,
  { part, make, ...told }: Member<Own>,
): BuiltMember {
  return {
    ...told,
    attack: (constants, setting) => make(part(constants), { ...setting, name }),
    entry: defineAttack({
      name,
      ...told,
      norms: ballNames,
      schema: (norm) =>
        z.strictObject({
          restarts: z
            .int()
            .min(1)
            .default(part(ensembleConstants("standard", norm)).restarts)
            .meta({ help: "attempts; each image keeps its strongest" }),
        }),
      build({ restarts }, { norm, epsilon, observer }) {
        const own = { ...part(ensembleConstants("standard", norm)), restarts };
        // The standard constants name their targets by number, so that the number of classes decides nothing.
        const setting = { name, norm, epsilon, classes: 0, ...(observer && { observer }) };
        return { constants: { algorithm: name, ...own }, attack: make(own, setting) };
      },
    }),
  };
}

const wrongClasses = (targets: number | "all", classes: number) =>
  targets === "all" ? classes - 1 : targets;
const croceHein = "Croce and Hein, ICML 2020, arXiv 2003.01690";

const members: Readonly<Record<EnsembleAttackName, BuiltMember>> = {
  "apgd-ce": member("apgd-ce", {
    description: "PGD that adapts its step, on the cross entropy",
    paper: croceHein,
    part: ({ apgd }) => apgd,
    make: (own, setting) => apgd({ ...setting, ...own, objective: "ce" }),
  }),
  "apgd-dlr": member("apgd-dlr", {
    description: "PGD that adapts its step, on the difference of logits ratio",
    paper: croceHein,
    leastClasses: 3,
    part: ({ apgd }) => apgd,
    make: (own, setting) => apgd({ ...setting, ...own, objective: "dlr" }),
  }),
  "apgd-t": member("apgd-t", {
    description:
      "APGD on the targeted difference of logits ratio, once for each of the likeliest wrong classes",
    paper: croceHein,
    leastClasses: 4,
    part: ({ apgd, targetedApgd }) => ({ ...apgd, ...targetedApgd }),
    make: ({ targets, ...own }, { classes, ...setting }) =>
      apgd({ ...setting, ...own, objective: "targeted-dlr", targets: wrongClasses(targets, classes) }),
  }),
  fab: member("fab", {
    description: "the smallest perturbation, by steps to the linearised decision boundary",
    paper: "Croce and Hein, ICML 2020, arXiv 1907.02044",
    part: ({ fab: { targets: _targets, targetedRestarts: _restarts, ...own } }) => own,
    make: (own, setting) => fab({ ...setting, ...own }),
  }),
  "fab-t": member("fab-t", {
    description: "FAB towards each of the likeliest wrong classes",
    paper: "Croce and Hein, ICML 2020, arXiv 1907.02044",
    part: ({ fab: { targetedRestarts, ...own } }) => ({ ...own, restarts: targetedRestarts }),
    make: ({ targets, ...own }, { classes, ...setting }) =>
      fab({ ...setting, ...own, targeted: true, targets: wrongClasses(targets, classes) }),
  }),
  square: member("square", {
    description: "random squares that are kept where they help; asks for no gradients",
    paper: "Andriushchenko et al., ECCV 2020, arXiv 1912.00049",
    part: ({ square }) => square,
    make: (own, setting) => square({ ...setting, ...own }),
  }),
};

/** One attack of an ensemble. @throws ReatError `config` for a norm or radius it does not support */
export function ensembleAttack(
  name: EnsembleAttackName,
  constants: EnsembleConstants,
  setting: EnsembleSetting,
): StandingAttack {
  return members[name].attack(constants, setting);
}

/** A member as an attack by name. */
export function memberEntry(name: EnsembleAttackName): AttackEntry {
  return members[name].entry;
}

/** All of them. */
export const memberEntries: readonly AttackEntry[] = ensembleAttackNames.map(memberEntry);
