// The attacks by the names that results use, such as pgd-20, apgd-t or square: the one registry of them.
import { ReatError } from "../errors.js";
import type { AttackEntry, NamedAttack, NamedAttackOptions } from "./attack-entry.js";
import { memberEntries } from "./autoattack/index.js";
import { cwL2Entry, cwL2FixedEntry } from "./carlini-wagner.js";
import { cwEntry, fgsmEntry, momentumEntry, pgdEntry } from "./pgd/index.js";

/** All attacks: a new one is a file and a line here. */
export const attackEntries: readonly AttackEntry[] = [
  ...[pgdEntry, cwEntry, momentumEntry, fgsmEntry],
  ...memberEntries,
  ...[cwL2Entry, cwL2FixedEntry],
];

/** How a name of that attack looks: "pgd-<steps>", "square". */
export function attackPattern({ name, namesSteps }: AttackEntry): string {
  return namesSteps ? `${name}-<steps>` : name;
}

/** What `namedAttack` accepts, in words. */
export const acceptedAttackNames = attackEntries
  .map((entry) => attackPattern(entry) + (entry === pgdEntry ? " (such as pgd-20)" : ""))
  .join(", ")
  .replace(/, (\S+)$/, " or $1");

/** The registry's entry of a name, with the steps that the name tells. */
export function findAttack(name: string): { readonly entry: AttackEntry; readonly steps?: number } | null {
  const [, stem, count] = /^(.+)-([1-9]\d{0,5})$/.exec(name) ?? [];
  const stepped = attackEntries.find((entry) => entry.namesSteps && entry.name === stem);
  if (stepped) return { entry: stepped, steps: Number(count) };
  const entry = attackEntries.find((candidate) => !candidate.namesSteps && candidate.name === name);
  return entry ? { entry } : null;
}

/** Whether `namedAttack` knows the name. */
export function isAttackName(name: string): boolean {
  return findAttack(name) !== null;
}

/**
 * The evaluation attack of that name. PGD with the given number of steps climbs the cross entropy ("pgd-") or Carlini and
 * Wagner's margin ("cw-"); its start is moved into [0, 1], so that the model only sees images. APGD, FAB and Square have the
 * constants of AutoAttack's standard ensemble, `cw-l2` those of its paper (9 rounds of 1,000 Adam steps), `cw-l2-fixed` one
 * round of 50 steps.
 * @throws ReatError `config` for an unknown name, a norm that it does not support or a constant out of its range
 */
export function namedAttack(name: string, options: NamedAttackOptions = {}): NamedAttack {
  const found = findAttack(name);
  if (!found) throw new ReatError("config", `The attack must be ${acceptedAttackNames}, got "${name}".`);
  const { entry, steps } = found;
  return entry.create(name, { ...options, ...(steps !== undefined && { steps }) });
}
