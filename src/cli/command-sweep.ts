// `reat sweep`: a configuration with every combination of some values, each with every seed.
import { relative } from "node:path";
import type { Command } from "commander";
import { ReatError } from "../errors.js";
import {
  groupBySeeds,
  readSweep,
  type Sweep,
  sweepStatus,
  workThroughSweep,
  writeSweep,
} from "../experiments/index.js";
import { abortOnInterrupt } from "./interrupt.js";
import { seedsTable } from "./results.js";
import { bar, StatusLine } from "./status-line.js";
import { table } from "./table.js";
import { duration, note, percent, print, printJson } from "./terminal.js";
import { progressLine } from "./train-progress.js";

interface SweepFlags {
  readonly runs: string;
  readonly data?: string;
  readonly device?: string;
  readonly local?: true;
  readonly dryRun?: true;
  readonly json?: true;
}

export function addSweep(program: Command): void {
  const command = program
    .command("sweep")
    .summary("train every combination of some keys' values, each with every seed")
    .description(
      "Checks all configurations of a sweep and writes them into <runs>/sweeps/<name>, beside a script for Slurm's sbatch, which " +
        "works them off as an array of jobs that may be requeued. With --local they are trained here, one after the other; several " +
        "processes may work on one sweep, and after a stop or a kill the same command goes on.",
    )
    .argument("<file>", "YAML with base, set, grid, seeds, slurm")
    .option("--local", "train and measure here what is missing")
    .option("--dry-run", "say what would be done, and write nothing");
  common(command)
    .addHelpText(
      "after",
      `
A file such as steps.yaml:
  base: cifar10-lt-ur50-small-reat        # a preset, or a configuration beside this file
  set: [training.epochs=50]               # for all runs
  grid:
    method.attack.stepSize: [1/255, 2/255]
    training.learningRate: [0.05, 0.1]
  seeds: [0, 1, 2]                        # initialisation, order and attack
  slurm: { time: "12:00:00", gres: "gpu:1", cpus-per-task: 8 }

Examples:
  reat sweep steps.yaml && sbatch runs/sweeps/steps/sweep.sbatch
  reat sweep steps.yaml --local
  reat sweep status steps.yaml`,
    )
    .action((file: string, _: unknown, self: Command) => sweep(file, self.optsWithGlobals<SweepFlags>()));
  const status = command
    .command("status")
    .summary("how far a sweep's runs are, and their means over seeds")
    .description("Prints how far each run of a sweep is, what it measured, and means over seeds.")
    .argument("<file>", "the sweep's YAML")
    .option("--json", "print as JSON");
  common(status).action((file: string, _: unknown, self: Command) =>
    showStatus(file, self.optsWithGlobals<SweepFlags>()),
  );
}

function common(command: Command): Command {
  return command
    .option("--data <source>", "instead of the data that the configuration names")
    .option("--runs <folder>", "folder of all runs", "runs")
    .option("--device <device>", "auto, cpu, cuda or cuda:N");
}

function planned(file: string, { runs, data, device }: SweepFlags): Sweep {
  return readSweep(file, { runsFolder: runs, data, device });
}

async function sweep(file: string, options: SweepFlags): Promise<void> {
  const plan = planned(file, options);
  const states = sweepStatus(plan);
  const done = states.filter(({ state }) => state === "done").length;
  note(`sweep ${plan.name}: ${plan.runs.length} runs, of which ${done} are done`);
  if (options.dryRun) {
    print(statusTable(plan));
    return;
  }
  if (!options.local) {
    const { script } = await writeSweep(plan);
    const from = relative(".", script);
    print(`sbatch ${from.startsWith("..") ? script : from}`);
    note(`That command gives the runs to Slurm; reat sweep ${file} --local works them off here.`);
    return;
  }
  await workHere(plan);
  print(statusTable(plan));
  printMeans(plan);
}

async function workHere(plan: Sweep): Promise<void> {
  const signal = abortOnInterrupt("stopping after this batch…");
  const line = new StatusLine();
  const began = performance.now();
  const total = plan.runs.length;
  let [ended, first] = [0, -1];
  const left = () => {
    if (ended === 0) return "";
    const each = (performance.now() - began) / 1000 / ended;
    return `  about ${duration(each * Math.max(0, total - first - ended))} for the rest`;
  };
  try {
    const failed = await workThroughSweep(plan, {
      signal,
      onBegin: ({ config }, index) => {
        if (first < 0) first = index;
        line.printAbove(`${index + 1}/${total}  ${config.name}${left()}`);
      },
      onTraining: ({ config }, progress) => line.show(progressLine(progress, config.name, line.width)),
      onEvaluation: ({ config }, { stage, done, total: all }) =>
        line.show(`${config.name}: ${stage} ${bar(done / all, 16)} ${Math.floor((100 * done) / all)} %`),
      onEnd: ({ config }, error) => {
        ended += 1;
        if (error) line.printAbove(`${config.name} failed: ${error.message}`);
      },
      onWait: ({ config }, pid) =>
        line.printAbove(`waiting for process ${pid}, which works on ${config.name}`),
    });
    line.clear();
    if (failed.length === 0) return;
    const list = failed.map(({ run, error }) => `${run.config.name}: ${error.message.replace(/\.?$/, ".")}`);
    throw new ReatError(
      "data",
      `${list.join(" ")} These are ${failed.length} of ${total} runs; the same command tries them again.`,
    );
  } catch (error) {
    if (signal.aborted) note("Go on with the same command, which repeats nothing that is finished.");
    throw error;
  } finally {
    line.clear();
  }
}

async function showStatus(file: string, options: SweepFlags): Promise<void> {
  const plan = planned(file, options);
  if (options.json) {
    printJson(
      sweepStatus(plan).map(({ run, ...status }) => ({
        ...{ run: run.config.name, folder: run.folder, seed: run.seed, point: run.point, ...status },
      })),
    );
    return;
  }
  print(statusTable(plan));
  printMeans(plan);
}

function statusTable(plan: Sweep): string {
  const rows = sweepStatus(plan).map(({ run, state, epoch, epochs, results }) => {
    const last = results.filter(({ checkpoint }) => checkpoint === "last");
    const weakest = last.toSorted((a, b) => a.robust.accuracy - b.robust.accuracy)[0];
    const figures = weakest
      ? [percent(weakest.clean.accuracy), percent(weakest.robust.accuracy), weakest.attack.name]
      : ["–", "–", ""];
    return [run.config.name, state, `${epoch}/${epochs}`, ...figures];
  });
  return table(["run", "state", "epoch", "clean", "robust", "under"], rows, ["run", "state", "under"]);
}

function printMeans(plan: Sweep): void {
  const measured = sweepStatus(plan).flatMap(({ run, state, results }) =>
    state === "done" ? [{ run: { name: run.config.name }, config: run.config, results }] : [],
  );
  const groups = groupBySeeds(measured);
  if (groups.length > 0) print(`\nMean ± standard error over seeds\n${seedsTable(groups)}`);
}
