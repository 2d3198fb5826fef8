// `reat doctor`: what training needs, each with a tick or the reason why not.
import type { Command } from "commander";
import { type DiagnosisRow, diagnose } from "../doctor/index.js";
import { print, printJson, styled } from "./terminal.js";

export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .summary("say what works here and what does not, and why")
    .description(
      "Looks at everything training needs: the search for LibTorch, the addon, versions, threads, CUDA, memory, disk. " +
        "Ends with 1 where training on the CPU would not work.",
    )
    .option("--json", "print the rows as JSON")
    .addHelpText("after", "\nExamples:\n  reat doctor\n  reat doctor --json")
    .action(async (options: { json?: true }) => {
      const diagnosis = await diagnose();
      if (options.json) printJson(diagnosis);
      else print(renderRows(diagnosis.rows));
      if (!diagnosis.ok) process.exitCode = 1;
    });
}

/** One line for each row, aligned, with the hint below it. */
export function renderRows(rows: readonly DiagnosisRow[]): string {
  const width = Math.max(0, ...rows.map(({ name }) => name.length));
  return rows
    .map(({ name, ok, detail, hint }) => {
      const mark = ok === true ? styled("green", "✓") : ok === false ? styled("red", "✗") : "·";
      const line = `${mark} ${name.padEnd(width)}  ${detail}`;
      return hint === undefined ? line : `${line}\n  ${" ".repeat(width)}  → ${hint}`;
    })
    .join("\n");
}
