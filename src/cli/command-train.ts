// `reat train`: trains a run, or continues one, and measures its checkpoints.
import { join } from "node:path";
import type { Command } from "commander";
import { ReatError } from "../errors.js";
import {
  configToYaml,
  type ExperimentConfig,
  type ExperimentOptions,
  type ExperimentOutcome,
  loadConfig,
  presetNames,
  resumeExperiment,
  runConfig,
  runExperiment,
} from "../experiments/index.js";
import { isRestarted } from "../launched.js";
import { writeReport } from "../report/index.js";
import { RunFolder } from "../training/index.js";
import { dataProgress } from "./data-progress.js";
import { addImageOptions, type ImageFlags, imageOverrides } from "./image-options.js";
import { abortOnInterrupt } from "./interrupt.js";
import { type Together, together } from "./join-processes.js";
import { collect } from "./options.js";
import { resultsFooter, resultsTable } from "./results.js";
import { duration, note, print } from "./terminal.js";
import { jsonReporter, TrainingDisplay } from "./train-progress.js";

interface TrainOptions extends ImageFlags {
  readonly data?: string;
  readonly weights?: string;
  readonly name?: string;
  readonly runs: string;
  readonly set?: readonly string[];
  readonly resume?: string;
  readonly orContinue?: true;
  readonly device?: string;
  readonly threads?: number;
  readonly dryRun?: true;
  readonly json?: true;
}

export function addTrain(program: Command): void {
  const command = program
    .command("train")
    .summary("train a network as a configuration says, and measure it")
    .description(
      "Trains a run in runs/<name>, measures its last and its best checkpoint, and writes report.html beside them. " +
        "Ctrl-C stops after the running batch with a checkpoint (exit code 130); --resume continues there, as it does " +
        "after a kill or a power cut.",
    )
    .argument("[config]", "a YAML file, or the name of a preset")
    .option("--data <source>", "data set: synthetic, cifar10, cifar100 or a path (data.source)")
    .option(
      "--weights <file>",
      "weights to begin with: safetensors, or what torch.save wrote (model.weights)",
    )
    .option("--name <name>", "name of the run")
    .option("--runs <folder>", "folder of all runs", "runs")
    .option("--set <key=value>", "change one key of the configuration; may be given again", collect)
    .option("--resume <run>", "continue the run in this folder")
    .option("--or-continue", "continue the run where its folder is there already, as after a requeue")
    .option("--device <device>", "auto, cpu, cuda or cuda:N")
    .option("--dry-run", "print the resolved configuration and train nothing")
    .option("--json", "print each event as a line of JSON on stdout")
    .addHelpText(
      "after",
      () => `
Presets: ${presetNames().join(", ")}

Examples:
  reat train quickstart-reat
  reat train own-images-reat --data photos/ --name birds --set training.epochs=50
  reat train own-images-finetune --data photos/ --weights resnet50.safetensors
  reat train cifar10-lt-ur50-small-reat --data cifar-10-binary.tar.gz --set method.tail.form=paper
  reat train my-experiment.yaml --set method.attack.epsilon=4/255 --dry-run
  reat train --resume runs/birds`,
    )
    .action((config: string | undefined, _: unknown, command: Command) =>
      train(config, command.optsWithGlobals<TrainOptions>()),
    );
  addImageOptions(command);
}

async function train(config: string | undefined, options: TrainOptions): Promise<void> {
  const overrides = overridesOf(options);
  if ((config === undefined) === (options.resume === undefined)) {
    throw new ReatError(
      "usage",
      `"reat train" takes either a configuration or --resume with a run's folder; presets: ${presetNames().join(", ")}.`,
    );
  }
  if (options.resume !== undefined) {
    if (options.name !== undefined || options.dryRun) {
      throw new ReatError("usage", "--name and --dry-run are for new runs; --resume takes neither.");
    }
    const folder = options.resume;
    const needed = neededProcesses(runConfig(RunFolder.open(folder), overrides));
    return trainTogether(options, needed, (watch) => resumeExperiment(folder, overrides, watch));
  }
  const resolved = loadConfig(config!, overrides);
  if (options.dryRun) {
    print(configToYaml(resolved).trimEnd());
    return;
  }
  const orContinue = options.orContinue ?? isRestarted(process.env);
  return trainTogether(options, neededProcesses(resolved), (watch) => {
    if (watch.team?.leads ?? true) note(`run ${join(options.runs, resolved.name)}`);
    return runExperiment(resolved, { ...watch, runsFolder: options.runs, orContinue });
  });
}

/** Trains with the processes that a launcher started beside this one, or alone. The first one alone prints and writes a report. */
async function trainTogether(
  options: TrainOptions,
  needed: number | null,
  work: (watch: ExperimentOptions) => Promise<ExperimentOutcome>,
): Promise<void> {
  const asked = abortOnInterrupt("stopping after this batch…");
  const train = async ({ team, localRank, leads }: Together) => {
    const shared = { team, localRank, signal: asked };
    if (!leads) await work(shared);
    else await finish(await watched(options, (watch) => work({ ...watch, ...shared })), options);
  };
  await together(asked, train, needed);
}

/** Processes without which this cannot be trained; null where any number will do. */
function neededProcesses({ training }: ExperimentConfig): number | null {
  return training.batchNorm === "batch" ? training.shards : null;
}

function overridesOf({ set = [], data, weights, name, device, threads, ...images }: TrainOptions): string[] {
  const assign = (key: string, value: string | number | undefined) =>
    value === undefined ? [] : [`${key}=${JSON.stringify(value)}`];
  return [
    ...set,
    ...assign("data.source", data),
    ...assign("model.weights", weights),
    ...imageOverrides(images),
    ...assign("name", name),
    ...assign("device", device),
    ...assign("threads", threads),
  ];
}

/** Runs an experiment under the display, or with its events on stdout. */
async function watched(
  options: TrainOptions,
  work: (watch: ExperimentOptions) => Promise<ExperimentOutcome>,
): Promise<ExperimentOutcome> {
  const { progress, line } = dataProgress();
  const display = new TrainingDisplay();
  const events = options.json ? jsonReporter : display.reporter;
  try {
    return await work({
      onDataProgress: progress,
      onNote: note,
      reporter: (event) => {
        line.clear();
        events(event);
      },
      onProgress: display.onProgress,
      onMeasurement: (checkpoint, measured) => display.measuring(checkpoint, measured),
    });
  } finally {
    line.clear();
    display.close();
  }
}

async function finish(outcome: ExperimentOutcome, options: TrainOptions): Promise<void> {
  const { run, results, stopped, training } = outcome;
  if (stopped) {
    note(`Continue with: reat train --resume ${run.path}`);
    return;
  }
  await writeReport([run.path], run.reportFile);
  if (options.json) return;
  print(`\n${resultsTable(results)}\n`);
  print(resultsFooter(results));
  print(`trained for ${duration(training.seconds)}; report: ${run.reportFile}`);
}
