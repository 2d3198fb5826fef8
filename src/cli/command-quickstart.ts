// `reat quickstart`: PGD-AT and REAT on images that reat draws itself, compared in a table and a page.
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { quickstart } from "../experiments/index.js";
import { writeReport } from "../report/index.js";
import { abortOnInterrupt } from "./interrupt.js";
import { collect } from "./options.js";
import { resultsFooter, resultsTable } from "./results.js";
import { duration, note, print, printJson } from "./terminal.js";
import { TrainingDisplay } from "./train-progress.js";

interface QuickstartOptions {
  readonly runs: string;
  readonly set?: readonly string[];
  readonly device?: string;
  readonly threads?: number;
  readonly json?: true;
}

export function addQuickstart(program: Command): void {
  program
    .command("quickstart")
    .summary("see it work: PGD-AT and REAT on embedded images, five minutes on two cores")
    .description(
      "Trains a small network with PGD-AT and with REAT, same budget, on a long-tailed set of synthetic images that reat " +
        "draws itself, attacks both, prints the table and writes a page that compares them. Ctrl-C stops with a checkpoint " +
        "(exit code 130); the same command goes on there.",
    )
    .option("--runs <folder>", "folder of all runs", "runs")
    .option("--set <key=value>", "change one key of both configurations; may be given again", collect)
    .option("--device <device>", "auto, cpu, cuda or cuda:N")
    .option("--json", "print the results as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  reat quickstart\n  reat quickstart --set training.epochs=20 --runs /tmp/runs",
    )
    .action((_: unknown, command: Command) => start(command.optsWithGlobals<QuickstartOptions>()));
}

async function start(options: QuickstartOptions): Promise<void> {
  const began = performance.now();
  const signal = abortOnInterrupt("stopping after this batch…");
  const displays = { "PGD-AT": new TrainingDisplay("PGD-AT"), REAT: new TrainingDisplay("REAT") };
  const announced = new Set<string>();
  const assign = (key: string, value: string | number | undefined) =>
    value === undefined ? [] : [`${key}=${JSON.stringify(value)}`];
  note(
    "Training data: synthetic images of ten shapes, long-tailed. For figures on photographs give reat your own.",
  );
  const { experiments, stopped } = await quickstart({
    runsFolder: options.runs,
    overrides: [
      ...(options.set ?? []),
      ...assign("device", options.device),
      ...assign("threads", options.threads),
    ],
    signal,
    reporter: (method, event) => {
      if (!announced.has(method)) note(`\n${method}`);
      announced.add(method);
      displays[method].reporter(event);
    },
    onProgress: (method, progress) => displays[method].onProgress(progress),
    onMeasurement: (method, checkpoint, progress) => displays[method].measuring(checkpoint, progress),
  }).finally(() => {
    for (const display of Object.values(displays)) display.close();
  });
  if (stopped) {
    note("Continue with: reat quickstart");
    return;
  }
  const file = resolve(join(options.runs, "quickstart.html"));
  await writeReport(
    experiments.map(({ outcome }) => outcome.run.path),
    file,
  );
  // What is compared is the end of the same budget, so the last checkpoint of both.
  const results = experiments.flatMap(({ outcome }) =>
    outcome.results.filter(({ checkpoint }) => checkpoint === "last"),
  );
  if (options.json) {
    printJson({ results, report: file });
    return;
  }
  const methods = new Map(experiments.map(({ method, outcome }) => [outcome.run.name, method]));
  print(`\n${resultsTable(results, ({ run }) => methods.get(run) ?? run)}\n`);
  print(resultsFooter(results));
  print(`report: ${file}  (${duration((performance.now() - began) / 1000)})`);
}
