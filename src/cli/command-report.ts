// `reat report`: one page about one run or several.
import { join, resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { ReatError } from "../errors.js";
import { writePastLogs } from "../experiments/index.js";
import { type LogForm, logForms } from "../export/index.js";
import { evaluationTable, resultRows, runsTable, tableRows, writeReport } from "../report/index.js";
import { commaList } from "./options.js";
import { note, print, printJson } from "./terminal.js";

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
    .option(
      "--to <forms>",
      `instead of the page, the runs' logs for other programs, into each run's folder: ${logForms.join(", ")}`,
      forms,
    )
    .option("--json", "print the rows of the table as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  reat report runs/birds\n  reat report runs/quickstart-pgd-at runs/quickstart-reat -o comparison.html\n  reat report runs/birds --to tensorboard,csv",
    )
    .action((runs: string[], options: ReportOptions) =>
      options.to ? logs(runs, options.to, options) : report(runs, options),
    );
}

interface ReportOptions {
  readonly output?: string;
  readonly to?: readonly LogForm[];
  readonly json?: true;
}

async function logs(
  runs: readonly string[],
  to: readonly LogForm[],
  { output, json }: ReportOptions,
): Promise<void> {
  if (output !== undefined) {
    throw new ReatError("usage", "-o names the page; logs (--to) are written into the runs' folders.");
  }
  const folders: string[] = [];
  for (const run of runs) {
    const written = await writePastLogs(run, to);
    for (const text of written.notes) note(text);
    folders.push(...written.folders);
  }
  if (json) printJson({ folders });
  else print(folders.join("\n"));
}

async function report(runs: readonly string[], options: ReportOptions): Promise<void> {
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

function forms(text: string): LogForm[] {
  const names = commaList(text);
  if (names.length === 0 || names.some((name) => !logForms.includes(name as LogForm))) {
    throw new InvalidArgumentError(`Accepted are ${logForms.join(" and ")}, separated by commas.`);
  }
  return names as LogForm[];
}

function htmlFile(text: string): string {
  if (!/\.html?$/i.test(text)) throw new InvalidArgumentError("It takes a file that ends in .html.");
  return text;
}
