// `reat config`: every key of a configuration, or one of them, with what it accepts and what it is for.
import type { Command } from "commander";
import { type ConfigRow, configRow, configRows } from "../experiments/index.js";
import { optionLines } from "./option-lines.js";
import { table } from "./table.js";
import { print, printJson } from "./terminal.js";

export function addConfig(program: Command): void {
  program
    .command("config")
    .summary("list the keys of a configuration, or show one")
    .description(
      "Lists the keys of a configuration with their defaults. With a key or the beginning of one: what it accepts and what it is for.",
    )
    .argument("[key]", "dotted, such as training or training.select")
    .option("--json", "print it as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  reat config\n  reat config training.select\n  reat config method.tail --json",
    )
    .action((key: string | undefined, options: { json?: true }) => {
      const rows = key === undefined ? configRows() : configRow(key);
      if (options.json) printJson(rows);
      else print(key === undefined ? list(rows) : rows.map(optionLines).join("\n\n"));
    });
}

function list(rows: readonly ConfigRow[]): string {
  const header = ["key", "default", "what it is"];
  const lines = rows.map(({ key, default: value, help }) => [key, value ?? "left out", help]);
  return `${table(header, lines, header)}

"reat config <key>" shows what a key accepts, "reat methods <name>" the keys of a method.`;
}
