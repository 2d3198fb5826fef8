// `reat eval`: measures the checkpoints of a run with attacks chosen afterwards.
import { Argument, type Command, Option } from "commander";
import { ReatError } from "../errors.js";
import { evaluateRun, evaluateWeights } from "../experiments/index.js";
import { writeReport } from "../report/index.js";
import { dataProgress } from "./data-progress.js";
import { addForeignOptions, type ForeignFlags, foreignOptions, overridesOf } from "./foreign-options.js";
import { abortOnInterrupt } from "./interrupt.js";
import { collect, commaList, wholeNumber } from "./options.js";
import { resultsFooter, resultsTable, weightsFooter, weightsTable } from "./results.js";
import { bar, StatusLine } from "./status-line.js";
import { duration, note, print, printJson } from "./terminal.js";

interface EvalOptions extends ForeignFlags {
  readonly attack?: readonly string[];
  readonly images?: number;
  readonly checkpoint?: "last" | "best";
  readonly split: "test" | "validation";
  readonly out?: string;
  readonly json?: true;
}

export function addEval(program: Command): void {
  const command = program
    .command("eval")
    .summary("measure a run's checkpoints, or weights from elsewhere, under attacks")
    .description(
      "Measures clean accuracy and accuracy under attacks, by class and by head, body and tail; writes a JSON file for " +
        "each into the run's evaluations folder and renews its report.html. What was measured before is not measured again. " +
        "With --architecture and --data it measures a state dict that torch.save wrote (.pt, .pth, .pkl), or safetensors.",
    )
    .addArgument(new Argument("<run>", "a run's folder, one of its checkpoints, or a file of weights"))
    .option(
      "--attack <names>",
      "pgd-K (on the cross entropy) or cw-K (on the margin) with K steps, separated by commas",
      commaList,
    )
    .option("--images <n>", "measure on so many images only, spread over the classes", wholeNumber(1))
    .addOption(new Option("--checkpoint <which>", "only this one").choices(["last", "best"]))
    .addOption(new Option("--split <split>", "images").choices(["test", "validation"]).default("test"))
    .option("--data <source>", "where the data is now, if it has moved; for weights, images to measure on")
    .option("--set <key=value>", "change one key of the configuration; may be given again", collect)
    .option("--device <device>", "auto, cpu, cuda or cuda:N")
    .option("--out <file>", "for weights: write the results there, as JSON")
    .option("--json", "print the results as JSON")
    .addHelpText(
      "after",
      `
Examples:
  reat eval runs/birds --attack pgd-20,pgd-100,cw-20
  reat eval runs/birds/checkpoints/best.safetensors --images 1000 --json
  reat eval runs/birds --set evaluation.epsilon=4/255 --set evaluation.stepSize=1/255
  reat eval trades.pt --architecture wrn34_10 --data cifar10 --attack pgd-20 --images 1000 --out trades.json`,
    )
    .action((run: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<EvalOptions>();
      return options.architecture === undefined ? evaluate(run, options) : measureWeights(run, options);
    });
  addForeignOptions(command);
}

async function evaluate(place: string, options: EvalOptions): Promise<void> {
  const foreign = (["out", "classes", "mean", "std"] as const).find((name) => options[name] !== undefined);
  if (foreign) {
    throw new ReatError("usage", `--${foreign} is for weights from elsewhere, which need --architecture.`);
  }
  const signal = abortOnInterrupt("stopping after this batch; what is measured is kept…");
  const data = dataProgress();
  const line = new StatusLine();
  try {
    const { run, results } = await evaluateRun(place, {
      ...(options.attack && { attacks: options.attack }),
      ...(options.images !== undefined && { images: options.images }),
      ...(options.checkpoint && { checkpoints: [options.checkpoint] }),
      split: options.split,
      overrides: overridesOf(options),
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

async function measureWeights(file: string, options: EvalOptions): Promise<void> {
  const foreign = foreignOptions(options);
  if (options.checkpoint !== undefined || options.split !== "test") {
    throw new ReatError(
      "usage",
      "--checkpoint and --split are for runs; weights are measured on test images.",
    );
  }
  const signal = abortOnInterrupt("stopping after this batch; nothing is written…");
  const data = dataProgress();
  const line = new StatusLine();
  try {
    const result = await evaluateWeights(file, {
      ...foreign,
      ...(options.attack && { attacks: options.attack }),
      ...(options.images !== undefined && { images: options.images }),
      ...(options.out !== undefined && { out: options.out }),
      signal,
      onDataProgress: data.progress,
      onProgress: ({ stage, done, total, secondsLeft }) => {
        const left = secondsLeft === null ? "" : `  ${duration(secondsLeft)} left`;
        line.show(`${stage} ${bar(done / total, 20)} ${done}/${total}${left}`);
      },
    });
    line.clear();
    for (const text of result.weights.notes) note(text);
    if (options.out !== undefined) note(`results: ${options.out}`);
    if (options.json) {
      printJson(result);
      return;
    }
    print(weightsTable(result));
    print(`\n${weightsFooter(result)}`);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    data.line.clear();
    line.clear();
  }
}
