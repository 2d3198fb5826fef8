// `reat methods`: the training methods, and one of them with all its options.
import type { Command } from "commander";
import { type MethodPage, methodPage, methodPages } from "../experiments/index.js";
import { optionLines } from "./option-lines.js";
import { table } from "./table.js";
import { print, printJson, styled } from "./terminal.js";

export function addMethods(program: Command): void {
  program
    .command("methods")
    .summary("list the training methods, or show one with its options")
    .description(
      "Lists the training methods. With a name: its paper, presets, every key of `method` in a configuration with its " +
        "default and what it accepts, and an example.",
    )
    .argument("[name]", "a method, such as reat")
    .option("--json", "print it as JSON")
    .addHelpText("after", "\nExamples:\n  reat methods\n  reat methods trades\n  reat methods reat --json")
    .action((name: string | undefined, options: { json?: true }) => {
      const shown = name === undefined ? methodPages() : methodPage(name);
      if (options.json) printJson(shown);
      else print(Array.isArray(shown) ? list(shown) : page(shown as MethodPage));
    });
}

function list(pages: readonly MethodPage[]): string {
  const rows = pages.map(({ name, description, paper, presets }) => [
    name,
    description,
    paper,
    `${presets.length}`,
  ]);
  return `${table(["method", "what it trains on", "paper", "presets"], rows, ["method", "what it trains on", "paper"])}

Losses combine with methods by method.loss, AWP and RobustLT by method.weightPerturbation and method.classBudget, averaged
weights by training.weightAverage. "reat methods <name>" shows a method's options and presets.`;
}

function page({ name, title, description, paper, released, presets, options, example }: MethodPage): string {
  const rows = options.map((option) => optionLines({ ...option, key: `method.${option.key}` }));
  const source = released
    ? [`Released code: ${released.repository} (${released.summary}); preset ${released.preset}.`]
    : [];
  return [
    `${styled("bold", name)} (${title}): ${description}`,
    "",
    `Paper: ${paper}.`,
    ...source,
    `Presets: ${presets.join(", ")}.`,
    "",
    rows.join("\n"),
    "",
    "Example:",
    example
      .trimEnd()
      .split("\n")
      .map((line) => `  ${line}`)
      .join("\n"),
  ].join("\n");
}
