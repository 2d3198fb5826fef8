// What an attack cannot do or does not support, said before any work: classes its objective needs, options it does not have.
import { ReatError } from "../errors.js";
import type { AttackEntry } from "./attack-entry.js";
import { attackEntries, attackPattern, findAttack } from "./attack-names.js";
import { type EnsembleAttackName, ensembleAttackNames } from "./autoattack/index.js";
import { ensembleMembers } from "./evaluation-attacks.js";
import type { BallName } from "./geometry/index.js";

/** What may be chosen for an attack besides norm and radius, where it is supported. */
export const attackOptionNames = ["stepSize", "start", "restarts", "logitScale"] as const;
/** The name of such an option. */
export type AttackOptionName = (typeof attackOptionNames)[number];

function entryTakes(entry: AttackEntry, option: AttackOptionName): boolean {
  return option === "logitScale" || option in entry.schema(entry.norms[0]!).shape;
}

/** Whether an attack or ensemble takes an option; the constants of ensembles are fixed. */
export function attackTakes(name: string, option: AttackOptionName): boolean {
  const found = findAttack(name);
  return found !== null && entryTakes(found.entry, option);
}

/** The attacks that take an option, as their names look: "pgd-<steps>, cw-<steps>". */
export function attacksThatTake(option: AttackOptionName): string {
  return attackEntries
    .filter((entry) => entryTakes(entry, option))
    .map(attackPattern)
    .join(", ");
}

/** The classes an attack needs, and the member of an ensemble that needs them. */
function leastClasses(name: string): { readonly needed: number; readonly member: string } {
  const members = ensembleMembers(name) ?? [name];
  return members
    .map((member) => ({ needed: findAttack(member)?.entry.leastClasses ?? 2, member }))
    .reduce((most, each) => (each.needed > most.needed ? each : most));
}

/** What can be run on a model with that number of classes in a norm: "pgd-<steps>, …, square or autoattack:apgd-ce+fab". */
function possibleAttacks(classes: number, norm: BallName): string {
  const possible = attackEntries.filter(
    (entry) => entry.leastClasses <= classes && entry.norms.includes(norm),
  );
  const members = possible.filter(({ name }) => ensembleAttackNames.includes(name as EnsembleAttackName));
  return `${possible.map(attackPattern).join(", ")} or autoattack:${members.map(({ name }) => name).join("+")}`;
}

/**
 * @param whose how the message calls the model or its data
 * @throws ReatError `config` for the first attack whose objective needs more classes, naming what can be run instead
 */
export function requireClassesFor(
  names: readonly string[],
  classes: number,
  norm: BallName,
  whose: string,
): void {
  for (const name of names) {
    const { needed, member } = leastClasses(name);
    if (classes >= needed) continue;
    const why =
      member === name ? `${name} needs ${needed} classes` : `${name} needs ${needed} classes for ${member}`;
    throw new ReatError(
      "config",
      `The attack ${why}, and ${whose} has ${classes}; with ${classes} can be run ${possibleAttacks(classes, norm)}.`,
    );
  }
}
