// `reat eval`: measures the checkpoints of a run with attacks chosen afterwards.
import { Argument, type Command, Option } from "commander";
import { evaluateRun } from "../experiments/index.js";
import { writeReport } from "../report/index.js";
import { dataProgress } from "./data-progress.js";
import { abortOnInterrupt } from "./interrupt.js";
import { collect, commaList, wholeNumber } from "./options.js";
import { resultsFooter, resultsTable } from "./results.js";
import { bar, StatusLine } from "./status-line.js";
import { duration, note, print, printJson } from "./terminal.js";

interface EvalOptions {
  readonly attack?: readonly string[];
  readonly images?: number;
  readonly checkpoint?: "last" | "best";
  readonly split: "test" | "validation";
  readonly data?: string;
  readonly set?: readonly string[];
  readonly device?: string;
  readonly threads?: number;
  readonly json?: true;
}

export function addEval(program: Command): void {
  program
    .command("eval")
    .summary("measure a run's checkpoints under attacks")
    .description(
      "Measures clean accuracy and accuracy under attacks, by class and by head, body and tail; writes a JSON file for " +
        "each into the run's evaluations folder and renews its report.html. What was measured before is not measured again.",
    )
    .addArgument(new Argument("<run>", "a run's folder, or one of its checkpoints"))
    .option(
      "--attack <names>",
      "pgd-K (on the cross entropy) or cw-K (on the margin) with K steps, separated by commas",
      commaList,
    )
    .option("--images <n>", "measure on so many images only, spread over the classes", wholeNumber(1))
    .addOption(new Option("--checkpoint <which>", "only this one").choices(["last", "best"]))
    .addOption(new Option("--split <split>", "images").choices(["test", "validation"]).default("test"))
    .option("--data <source>", "where the data is now, if it has moved")
    .option("--set <key=value>", "change one key of the configuration; may be given again", collect)
    .option("--device <device>", "auto, cpu, cuda or cuda:N")
    .option("--json", "print the results as JSON")
    .addHelpText(
      "after",
      `
Examples:
  reat eval runs/birds --attack pgd-20,pgd-100,cw-20
  reat eval runs/birds/checkpoints/best.safetensors --images 1000 --json
  reat eval runs/birds --set evaluation.epsilon=4/255 --set evaluation.stepSize=1/255`,
    )
    .action((run: string, _: unknown, command: Command) =>
      evaluate(run, command.optsWithGlobals<EvalOptions>()),
    );
}

async function evaluate(place: string, options: EvalOptions): Promise<void> {
  const signal = abortOnInterrupt("stopping after this batch; what is measured is kept…");
  const data = dataProgress();
  const line = new StatusLine();
  const assign = (key: string, value: string | number | undefined) =>
    value === undefined ? [] : [`${key}=${JSON.stringify(value)}`];
  try {
    const { run, results } = await evaluateRun(place, {
      ...(options.attack && { attacks: options.attack }),
      ...(options.images !== undefined && { images: options.images }),
      ...(options.checkpoint && { checkpoints: [options.checkpoint] }),
      split: options.split,
      overrides: [
        ...(options.set ?? []),
        ...assign("data.source", options.data),
        ...assign("device", options.device),
        ...assign("threads", options.threads),
      ],
      signal,
      onDataProgress: data.progress,
      onProgress: (checkpoint, { stage, done, total, secondsLeft }) => {
        const left = secondsLeft === null ? "" : `  ${duration(secondsLeft)} left`;
        line.show(`${checkpoint}: ${stage} ${bar(done / total, 20)} ${done}/${total}${left}`);
      },
    });
    line.clear();
    await writeReport([run.path], run.reportFile);
    if (options.json) {
      printJson(results);
      return;
    }
    print(resultsTable(results));
    print(`\n${resultsFooter(results)}`);
    note(`report: ${run.reportFile}`);
  } catch (error) {
    // The signal's own reason is no failure; the program ends with the code of an interruption.
    if (!signal.aborted) throw error;
  } finally {
    data.line.clear();
    line.clear();
  }
}
