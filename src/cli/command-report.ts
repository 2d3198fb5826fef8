// `reat report`: one page about one run or several.
import { join, resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { evaluationTable, resultRows, runsTable, tableRows, writeReport } from "../report/index.js";
import { print, printJson } from "./terminal.js";

export function addReport(program: Command): void {
  program
    .command("report")
    .summary("write report.html about one run, or comparing several")
    .description(
      "Writes a self-contained page that opens offline: curves, accuracy by class and by head, body and tail, predicted " +
        "classes of adversarial examples, settings. Works on runs that are still going. Prints the table as well.",
    )
    .argument("<runs...>", "folders of runs")
    .option(
      "-o, --output <file>",
      "the page (default: report.html in the run, or here for several)",
      htmlFile,
    )
    .option("--json", "print the rows of the table as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  reat report runs/birds\n  reat report runs/quickstart-pgd-at runs/quickstart-reat -o comparison.html",
    )
    .action(report);
}

async function report(runs: readonly string[], options: { output?: string; json?: true }): Promise<void> {
  const file = resolve(options.output ?? (runs.length === 1 ? join(runs[0]!, "report.html") : "report.html"));
  const records = await writeReport(runs, file);
  const rows = records.flatMap(resultRows);
  if (options.json) {
    printJson({ file, rows });
    return;
  }
  print(runsTable(records));
  if (rows.length > 0) print(`\n${evaluationTable(tableRows(rows))}`);
  print(`\nreport: ${file}`);
}

function htmlFile(text: string): string {
  if (!/\.html?$/i.test(text)) throw new InvalidArgumentError("It takes a file that ends in .html.");
  return text;
}
