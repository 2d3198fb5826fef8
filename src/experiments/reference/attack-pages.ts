// Everything about an attack before it is run: paper, norms, every option with its default, a command.
import {
  type AttackEntry,
  attackEntries,
  attackPattern,
  type BallName,
  ballNames,
  ensembleDescriptions,
  findAttack,
  normSymbol,
} from "../../attacks/index.js";
import { ReatError } from "../../errors.js";
import { nearest } from "../config/index.js";
import { type OptionRow, optionRows } from "./option-rows.js";

/** An option of an attack; its default may depend on the norm. */
export type AttackOption = OptionRow & {
  /** Defaults by norm, where they differ. */
  readonly defaults?: Readonly<Partial<Record<BallName, string>>>;
};

/** An attack as `reat attacks` shows it. */
export interface AttackPage {
  /** As it is written: "pgd-<steps>". */
  readonly name: string;
  readonly description: string;
  readonly paper: string;
  readonly norms: readonly BallName[];
  /** The classes that a model needs for it. */
  readonly leastClasses: number;
  readonly options: readonly AttackOption[];
  /** A command line that runs it. */
  readonly example: string;
}

function pageOf(entry: AttackEntry): AttackPage {
  const { description, paper, norms, leastClasses } = entry;
  const example = entry.namesSteps ? `${entry.name}-20` : entry.name;
  const norm = norms.includes("linf") ? "" : ` --norm ${norms[0]}`;
  return {
    name: attackPattern(entry),
    ...{ description, paper, norms, leastClasses },
    options: optionsOf(entry),
    example: `reat eval runs/birds --attack ${example}${norm}`,
  };
}

function optionsOf({ norms, schema }: AttackEntry): AttackOption[] {
  const byNorm = norms.map((norm) => ({ norm, rows: optionRows(schema(norm)) }));
  return byNorm[0]!.rows.map((row, i) => {
    const defaults = byNorm.map(({ norm, rows }) => [norm, rows[i]!.default] as const);
    return defaults.every(([, value]) => value === row.default)
      ? row
      : { ...row, defaults: Object.fromEntries(defaults) };
  });
}

/** AutoAttack's versions, whose constants are fixed. */
function ensemblePages(): AttackPage[] {
  return Object.entries(ensembleDescriptions).map(([name, description]) => ({
    ...{ name, description },
    paper: "Croce and Hein, ICML 2020, arXiv 2003.01690",
    norms: ballNames,
    leastClasses: name === "autoattack-rand" ? 3 : 4,
    options: [],
    example: `reat eval runs/birds --attack ${name}`,
  }));
}

/** All attacks, in the registry's order, and AutoAttack's versions. */
export function attackPages(): AttackPage[] {
  return [...attackEntries.map(pageOf), ...ensemblePages()];
}

/** The table of all attacks in Markdown: name, what it is, norms. */
export function attackTable(): string {
  const own = {
    name: "autoattack:apgd-ce+square",
    description: "an ensemble of your own: members joined by +",
    norms: ballNames,
  };
  const rows = [...attackPages(), own].map(
    ({ name, description, norms }) =>
      `| \`${name}\` | ${description} | ${norms.map(normSymbol).join(", ")} |`,
  );
  return ["| name | what it is | norms |", "| --- | --- | --- |", ...rows].join("\n");
}

/**
 * @param name as results give it ("pgd-20") or without the steps ("pgd")
 * @throws ReatError `usage` naming the nearest attack where there is none of that name
 */
export function attackPage(name: string): AttackPage {
  const entry = findAttack(name)?.entry ?? attackEntries.find((candidate) => candidate.name === name);
  if (entry) return pageOf(entry);
  const pages = attackPages();
  const page = pages.find((candidate) => candidate.name === name);
  if (page) return page;
  const names = pages.map((candidate) => candidate.name.replace("-<steps>", ""));
  const guess = nearest(name, names);
  throw new ReatError(
    "usage",
    `There is no attack "${name}"${guess ? ` (did you mean "${guess}"?)` : ""}; accepted: ${names.join(", ")}.`,
  );
}
