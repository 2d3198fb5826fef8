// `reat reproduce`: trains and measures the paper's tables, and writes them with verdicts.
import { join } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { ReatError } from "../errors.js";
import {
  type BudgetName,
  budgetNames,
  estimate,
  isFinished,
  planReproduction,
  type ReproductionPlan,
  readReproduction,
  trainingState,
  workThrough,
} from "../experiments/index.js";
import { writeReproduction } from "../report/index.js";
import { abortOnInterrupt } from "./interrupt.js";
import { commaList, wholeNumber } from "./options.js";
import { bar, StatusLine } from "./status-line.js";
import { table } from "./table.js";
import { duration, note, print, printJson } from "./terminal.js";
import { progressLine } from "./train-progress.js";

interface ReproduceOptions {
  readonly rows?: readonly string[];
  readonly seeds: readonly number[];
  readonly budget: BudgetName;
  readonly data?: string;
  readonly runs: string;
  readonly device?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

export function addReproduce(program: Command): void {
  program
    .command("reproduce")
    .summary("train and measure the paper's tables and figures, and write them with verdicts")
    .description(
      "Trains and measures the rows of the paper's tables and figures. Rows that share a training share its run. Says first what is to " +
        "be done, what is there already, and how long it will take. After a stop or a kill the same command goes on; several " +
        "processes may work on one queue. A run that fails stops no other one, and is named at the end. Writes " +
        "reproduction.html, .json and .csv into <runs>/reproduction/<budget>/<names>.",
    )
    .argument("<names...>", "table-1 to table-14, figure-1 to figure-11, or all")
    .option(
      "--rows <labels>",
      "of tables only these rows, separated by semicolons; rows that they are compared with come along",
      (text: string) =>
        text
          .split(";")
          .map((label) => label.trim())
          .filter((label) => label !== ""),
    )
    .option("--seeds <list>", "one run of each row for each", seedList, [0, 1, 2])
    .addOption(
      new Option(
        "--budget <name>",
        "paper: its protocol; cpu: a small one, minutes a training on two cores; smoke: a check that everything runs",
      )
        .choices([...budgetNames])
        .default("paper"),
    )
    .option("--data <source>", "instead of the data that the presets name")
    .option("--runs <folder>", "folder of all runs", "runs")
    .option("--device <device>", "auto, cpu, cuda or cuda:N")
    .option("--dry-run", "say what would be done, and do nothing")
    .option("--json", "print the tables as JSON")
    .addHelpText(
      "after",
      `
Examples:
  reat reproduce table-2 --budget smoke                       # a few minutes, no data needed
  reat reproduce table-2 --budget cpu --data cifar-10-binary.tar.gz
  reat reproduce figure-1 figure-3 --budget cpu --data cifar-10-binary.tar.gz
  reat reproduce table-2 --rows "RBL;REAT" --seeds 0,1,2,3,4 --dry-run
  reat reproduce all --data cifar-10-binary.tar.gz            # of the tables on CIFAR-10, on a GPU`,
    )
    .action((names: string[], _: unknown, command: Command) =>
      reproduce(names, command.optsWithGlobals<ReproduceOptions>()),
    );
}

/** "0,1,2" → whole numbers of at least 0, each once. */
function seedList(text: string): number[] {
  const seeds = commaList(text).map(wholeNumber(0));
  if (seeds.length === 0) throw new InvalidArgumentError("It takes one seed at least, such as 0.");
  if (new Set(seeds).size < seeds.length) throw new InvalidArgumentError("Each seed may stand once.");
  return seeds;
}

async function reproduce(names: readonly string[], options: ReproduceOptions): Promise<void> {
  const plan = planReproduction({
    artefacts: names,
    ...{ rows: options.rows, seeds: options.seeds, budget: options.budget, data: options.data },
    ...{ runsFolder: options.runs, device: options.device },
  });
  const began = announce(plan);
  if (options.dryRun) return;
  const signal = abortOnInterrupt("stopping after this batch…");
  const line = new StatusLine();
  try {
    if (began.open > 0) {
      line.show("measuring a few steps of each kind of training…");
      const { training, measuring } = await estimate(plan, signal);
      line.clear();
      note(
        training + measuring > 0
          ? `about ${duration(training)} of training and ${duration(measuring)} of measuring, by one process`
          : "no step could be measured, so there is no estimate",
      );
    }
    const total = plan.trainings.length;
    const failed = await workThrough(plan, {
      signal,
      onBegin: ({ config, neededBy }, index) =>
        line.printAbove(`${index + 1}/${total}  ${config.name}  (${neededBy.join("; ")})`),
      onTraining: ({ config }, progress) => line.show(progressLine(progress, config.name, line.width)),
      onEvaluation: ({ config }, { stage, done, total: all, secondsLeft }) =>
        line.show(
          `${config.name}: ${stage} ${bar(done / all, 16)} ${Math.floor((100 * done) / all)} %${secondsLeft === null ? "" : `  ${duration(secondsLeft)} left`}`,
        ),
      onEnd: ({ config }, error) => {
        if (error) line.printAbove(`${config.name} failed: ${error.message}`);
      },
      onWait: ({ config }, pid) =>
        line.printAbove(`waiting for process ${pid}, which works on ${config.name}`),
    });
    line.clear();
    await finish(plan, failed, options);
  } catch (error) {
    if (!signal.aborted) throw error;
    line.clear();
    note("Go on with the same command, which repeats nothing that is finished.");
  } finally {
    line.clear();
  }
}

/** Says what is there and what is to be done. */
function announce(plan: ReproductionPlan): { readonly open: number } {
  const states = plan.trainings.map((training) => {
    const state = trainingState(training, plan);
    return { training, ...state, finished: isFinished(state) };
  });
  const evaluations = plan.trainings.reduce((sum, each) => sum + each.evaluations.length, 0);
  const missing = states.reduce((sum, each) => sum + each.missing.length, 0);
  const toTrain = states.filter(({ trained }) => !trained).length;
  const rowCount = plan.figures.reduce((sum, { rows }) => sum + rows.length, plan.rows.length);
  note(`${rowCount} rows, seeds ${plan.seeds.join(", ")}. Protocol: ${plan.budget.protocol}`);
  note(
    `trainings: ${plan.trainings.length}, of which ${plan.trainings.length - toTrain} are there and ${toTrain} are to be run`,
  );
  note(
    `evaluations: ${evaluations}, of which ${evaluations - missing} are there and ${missing} are to be made`,
  );
  const rows = states.map(({ training, trained, missing: left }) => [
    ...[training.config.name, trained ? "trained" : "to train", `${left.length} to measure`],
    training.neededBy.join("; "),
  ]);
  note(table(["run", "training", "evaluations", "for"], rows, ["run", "training", "evaluations", "for"]));
  return { open: states.filter(({ finished }) => !finished).length };
}

async function finish(
  plan: ReproductionPlan,
  failed: Awaited<ReturnType<typeof workThrough>>,
  options: ReproduceOptions,
): Promise<void> {
  const reasons = failed.map(({ training, error }) => ({
    ...{ run: training.config.name, neededBy: training.neededBy, reason: error.message },
  }));
  const reproduction = readReproduction(plan, reasons);
  const name = plan.artefacts.join("-");
  const page = await writeReproduction(
    join(options.runs, "reproduction", plan.budgetName, name),
    reproduction,
  );
  if (options.json) printJson(reproduction);
  else {
    for (const { table: number, rows } of reproduction.tables) {
      const sentences = rows.flatMap(({ cells }) => cells.flatMap(({ sentence }) => sentence ?? []));
      print(
        [`Table ${number} (budget ${plan.budgetName})`, ...sentences.map((text) => `  ${text}`)].join("\n"),
      );
    }
    for (const { figure, claims } of reproduction.figures) {
      const sentences = claims.map(({ sentence, agreement }) => `  ${sentence} (${agreement})`);
      print([`Figure ${figure} (budget ${plan.budgetName})`, ...sentences].join("\n"));
    }
  }
  note(`page: ${page}`);
  if (failed.length === 0) return;
  const list = reasons.map(
    ({ run, neededBy, reason }) => `${run} (${neededBy.join("; ")}): ${reason.replace(/\.?$/, ".")}`,
  );
  throw new ReatError(
    "data",
    `${list.join(" ")} These are ${failed.length} of ${plan.trainings.length} runs; the same command tries them again.`,
  );
}
