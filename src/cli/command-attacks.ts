// `reat attacks`: the attacks that an evaluation may run, and one of them with its options.
import type { Command } from "commander";
import { type AttackOption, type AttackPage, attackPage, attackPages } from "../experiments/index.js";
import { table } from "./table.js";
import { print, printJson, styled } from "./terminal.js";

export function addAttacks(program: Command): void {
  program
    .command("attacks")
    .summary("list the attacks, or show one with its options")
    .description(
      "Lists the attacks that an evaluation may run. With a name: its paper, norms, options with their defaults, and a command.",
    )
    .argument("[name]", "an attack, such as pgd or apgd-t")
    .option("--json", "print it as JSON")
    .addHelpText("after", "\nExamples:\n  reat attacks\n  reat attacks pgd\n  reat attacks square --json")
    .action((name: string | undefined, options: { json?: true }) => {
      if (name === undefined) {
        const pages = attackPages();
        if (options.json) printJson(pages);
        else print(list(pages));
      } else {
        const shown = attackPage(name);
        if (options.json) printJson(shown);
        else print(page(shown));
      }
    });
}

function list(pages: readonly AttackPage[]): string {
  const rows = pages.map(({ name, description, norms }) => [name, description, norms.join(", ")]);
  const header = ["attack", "what it is", "norms"];
  return `${table(header, rows, header)}

"autoattack:apgd-ce+square" is an ensemble of your own. "reat attacks <name>" shows an attack's options.`;
}

/** The flag of `reat eval` that sets an option; the steps are part of the name. */
const flags: Readonly<Record<string, string>> = {
  steps: "in the name",
  stepSize: "--step-size",
  restarts: "--restarts",
};

function page({ name, description, paper, norms, leastClasses, options, example }: AttackPage): string {
  const rows = options.map((option) => [
    option.key,
    defaultOf(option),
    flags[option.key] ?? "library only",
    option.accepted,
    option.help,
  ]);
  const header = ["option", "default", "reat eval", "accepted", "what it is"];
  return [
    `${styled("bold", name)}: ${description}`,
    "",
    `Paper: ${paper}.`,
    `Norms: ${norms.join(", ")} (--norm), radius by --eps.${leastClasses > 2 ? ` The model needs at least ${leastClasses} classes.` : ""}`,
    "",
    rows.length > 0 ? table(header, rows, header) : "It has no options of its own.",
    "",
    `Example: ${example}`,
  ].join("\n");
}

function defaultOf({ default: value, defaults }: AttackOption): string {
  if (!defaults) return value ?? "left out";
  return Object.entries(defaults)
    .map(([norm, own]) => `${own} (${norm})`)
    .join(", ");
}
