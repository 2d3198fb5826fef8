// `reat eval`: measures the checkpoints of runs, or weights from elsewhere, with attacks chosen afterwards.
import { Argument, type Command, Option } from "commander";
import { ReatError } from "../errors.js";
import {
  attackLabel,
  type CheckpointName,
  checkpointNames,
  type EvaluationProgress,
} from "../evaluation/index.js";
import {
  type EvaluateRunOutcome,
  evaluateRun,
  evaluateWeights,
  groupBySeeds,
  ownExport,
} from "../experiments/index.js";
import { writeReport } from "../report/index.js";
import { dataProgress } from "./data-progress.js";
import { addEvaluationOptions, type EvaluationFlags, evaluationSettings } from "./evaluation-options.js";
import {
  addForeignOptions,
  classNamesOf,
  type ForeignFlags,
  foreignFlag,
  foreignOptions,
  overridesOf,
} from "./foreign-options.js";
import { addImageOptions } from "./image-options.js";
import { abortOnInterrupt } from "./interrupt.js";
import { type Together, together } from "./join-processes.js";
import { collect, wholeNumber } from "./options.js";
import {
  ensembleLines,
  ensembleNotes,
  resultsFooter,
  resultsTable,
  seedsTable,
  warningNotes,
  weightsFooter,
  weightsTable,
} from "./results.js";
import { riskLines } from "./risk-lines.js";
import { bar, StatusLine } from "./status-line.js";
import { duration, note, print, printJson } from "./terminal.js";

interface EvalOptions extends ForeignFlags, EvaluationFlags {
  readonly checkpoint?: CheckpointName;
  readonly split: "test" | "validation";
  readonly risk?: true;
  readonly pictures?: number;
  readonly out?: string;
  readonly json?: true;
}

export function addEval(program: Command): void {
  const command = program
    .command("eval")
    .summary("measure runs' checkpoints, or weights from elsewhere, under attacks")
    .description(
      "Measures clean accuracy and accuracy under attacks, by class and by head, body and tail; writes a JSON file for " +
        "each into the run's evaluations folder and renews its report.html. What was measured before is not measured again, " +
        "and an evaluation that was cut off goes on after its last finished batch. Runs that differ in their seeds alone " +
        "are also shown as mean ± standard error. With --architecture and --data it measures a state dict that torch.save " +
        "wrote (.pt, .pth, .pkl), or safetensors.",
    )
    .addArgument(new Argument("<run...>", "runs' folders, checkpoints in them, or one file of weights"));
  addEvaluationOptions(command)
    .addOption(new Option("--checkpoint <which>", "only this one").choices(checkpointNames))
    .addOption(new Option("--split <split>", "images").choices(["test", "validation"]).default("test"))
    .option("--risk", "also natural and boundary risk by class, and their means (of runs)")
    .option(
      "--pictures <n>",
      "also draw n images of each class before and after each attack, for the report (of runs)",
      wholeNumber(1),
    )
    .option("--data <source>", "where the data is now, if it has moved; for weights, images to measure on")
    .option("--set <key=value>", "change one key of the configuration; may be given again", collect)
    .option("--device <device>", "auto, cpu, cuda or cuda:N")
    .option("--out <file>", "for weights: write the results there, as JSON; needed to go on after a stop")
    .option("--json", "print the results as JSON; of several runs with their means over seeds")
    .addHelpText(
      "after",
      `
Examples:
  reat eval runs/birds --attack pgd-20,pgd-100,cw-20
  reat eval runs/birds --attack autoattack --norm l2 --eps 0.5 --images 1000
  reat eval runs/birds --attack autoattack:apgd-ce+square --checkpoint last --save-adversarial birds.safetensors
  reat eval runs/birds --steps 1,2,5,10,20,50,100 --eps-sweep 0,2/255,4/255,8/255,16/255,32/255
  reat eval runs/birds-1 runs/birds-2 runs/birds-3 --attack pgd-20     # mean ± standard error over seeds
  reat eval trades.pt --architecture wrn34_10 --data cifar10 --attack pgd-20 --images 1000 --out trades.json`,
    )
    .action(async (places: string[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<EvalOptions>();
      const own = options.architecture === undefined ? await ownExport(places[0]!) : null;
      return own === null && options.architecture === undefined
        ? evaluate(places, options)
        : measureWeights(own === null ? places : [own, ...places.slice(1)], options, own !== null);
    });
  addForeignOptions(command);
  addImageOptions(command);
}

/** The command that continues the same work. */
function continuation(): string {
  const words = process.argv.slice(2).map((word) => (/^[\w./@:+=,-]+$/.test(word) ? word : `'${word}'`));
  return `reat ${words.join(" ")}`;
}

function progressText({ stage, done, total, secondsLeft }: EvaluationProgress): string {
  const left = secondsLeft === null ? "" : `  ${duration(secondsLeft)} left`;
  const count = total === 1000 ? `${Math.floor(done / 10)} %` : `${done}/${total}`;
  return `${stage} ${bar(done / total, 20)} ${count}${left}`;
}

async function evaluate(places: readonly string[], options: EvalOptions): Promise<void> {
  const foreign = foreignFlag(options) ?? (options.out === undefined ? undefined : "out");
  if (foreign) {
    throw new ReatError("usage", `--${foreign} is for weights from elsewhere, which need --architecture.`);
  }
  if (options.saveAdversarial !== undefined && places.length > 1) {
    throw new ReatError("usage", "--save-adversarial takes the images of one run; several were named.");
  }
  const settings = evaluationSettings(options);
  const asked = abortOnInterrupt("stopping after this batch; what is measured is kept…");
  await together(asked, (by) =>
    evaluateTogether(places, { ...options, settings, names: classNamesOf(options) }, by),
  );
}

async function evaluateTogether(
  places: readonly string[],
  {
    settings,
    names: classNames,
    ...options
  }: EvalOptions & {
    readonly settings: ReturnType<typeof evaluationSettings>;
    readonly names: ReturnType<typeof classNamesOf>;
  },
  { team, localRank, signal, leads }: Together,
): Promise<void> {
  const data = dataProgress();
  const line = new StatusLine();
  const outcomes: EvaluateRunOutcome[] = [];
  const renewed: string[] = [];
  try {
    for (const [index, place] of places.entries()) {
      const of = places.length > 1 ? `${place} (${index + 1}/${places.length}), ` : "";
      const outcome = await evaluateRun(place, {
        ...settings,
        ...(options.checkpoint && { checkpoints: [options.checkpoint] }),
        split: options.split,
        ...(options.risk && { risk: true }),
        ...(options.pictures !== undefined && { pictures: options.pictures }),
        overrides: overridesOf(options),
        ...{ classNames, signal, team, localRank },
        ...(leads && {
          onDataProgress: data.progress,
          onProgress: (checkpoint, progress) => line.show(`${of}${checkpoint}: ${progressText(progress)}`),
        }),
      });
      line.clear();
      if (!leads) continue;
      if (await renewReport(outcome.run)) renewed.push(outcome.run.reportFile);
      outcomes.push(outcome);
    }
    if (leads) show(outcomes, options, renewed);
  } catch (error) {
    // The signal's own reason is no failure; the program ends with the code of an interruption.
    if (!signal.aborted) throw error;
    line.clear();
    if (leads)
      note(`Go on with the same command, which repeats nothing that is finished:\n  ${continuation()}`);
  } finally {
    data.line.clear();
    line.clear();
  }
}

/** The results are kept without it: on a disk that is read-only they are shown all the same. */
async function renewReport({ path, reportFile }: EvaluateRunOutcome["run"]): Promise<boolean> {
  try {
    await writeReport([path], reportFile);
    return true;
  } catch (error) {
    if (!(error instanceof ReatError) || error.code !== "disk") throw error;
    note(`The report was not renewed: ${error.message}`);
    // Not being allowed to write there is no failure, since nobody asked for the report; a full disk is one.
    const { code = "" } = (error.cause ?? {}) as NodeJS.ErrnoException;
    if (!["EROFS", "EACCES", "EPERM"].includes(code)) process.exitCode = 1;
    return false;
  }
}

function show(
  outcomes: readonly EvaluateRunOutcome[],
  options: EvalOptions,
  reports: readonly string[],
): void {
  const results = outcomes.flatMap((outcome) => outcome.results);
  const groups = groupBySeeds(outcomes);
  for (const text of outcomes.flatMap(({ notes }) => notes)) note(text);
  for (const text of warningNotes(results)) note(text);
  if (options.json) {
    printJson(outcomes.length === 1 ? results : { results, groups });
    return;
  }
  print(outcomes.length === 1 ? resultsTable(results) : resultsTable(results, ({ run }) => run, "run"));
  if (groups.length > 0) print(`\nMean ± standard error over seeds\n${seedsTable(groups)}`);
  print(`\n${resultsFooter(results)}`);
  for (const outcome of options.risk ? outcomes : []) print(`\n${riskLines(outcome)}`);
  const ensembles = ensembleNotes(results);
  if (ensembles !== "") print(`\n${ensembles}`);
  for (const report of reports) note(`report: ${report}`);
  if (options.saveAdversarial !== undefined) note(`images: ${options.saveAdversarial}`);
}

async function measureWeights(files: readonly string[], options: EvalOptions, own: boolean): Promise<void> {
  const foreign = foreignOptions(options, own);
  if (files.length > 1) {
    throw new ReatError("usage", `One file of weights is measured at a time; ${files.length} were named.`);
  }
  if (options.risk) {
    throw new ReatError("usage", "--risk is for runs, which know the sizes of their training classes.");
  }
  if (options.pictures !== undefined) {
    throw new ReatError("usage", "--pictures is for runs, whose report shows them.");
  }
  if (options.checkpoint !== undefined || options.split !== "test") {
    throw new ReatError(
      "usage",
      "--checkpoint and --split are for runs; weights are measured on test images.",
    );
  }
  const { out } = options;
  const settings = evaluationSettings(options);
  const kept = out === undefined ? "nothing is written" : "what is measured is kept";
  const asked = abortOnInterrupt(`stopping after this batch; ${kept}…`);
  await together(asked, (by) => measureWeightsTogether(files[0]!, { ...options, foreign, settings }, by));
}

async function measureWeightsTogether(
  file: string,
  {
    foreign,
    settings,
    ...options
  }: EvalOptions & {
    readonly foreign: ReturnType<typeof foreignOptions>;
    readonly settings: ReturnType<typeof evaluationSettings>;
  },
  { team, localRank, signal, leads }: Together,
): Promise<void> {
  const { out } = options;
  const data = dataProgress();
  const line = new StatusLine();
  try {
    const result = await evaluateWeights(file, {
      ...{ ...foreign, ...settings, signal, team, localRank },
      ...(out !== undefined && { out }),
      ...(leads && {
        onDataProgress: data.progress,
        onProgress: (progress) => line.show(progressText(progress)),
      }),
    });
    line.clear();
    if (!leads) return;
    for (const text of result.weights.notes) note(text);
    const attacks = result.attacks.map((attack) => ({ ...attack, attack }));
    for (const text of warningNotes(attacks)) note(text);
    if (out !== undefined) note(`results: ${out}`);
    if (options.saveAdversarial !== undefined) note(`images: ${options.saveAdversarial}`);
    if (options.json) {
      printJson(result);
      return;
    }
    print(weightsTable(result));
    print(`\n${weightsFooter(result)}`);
    for (const attack of result.attacks) {
      if (attack.ensemble) print(`\n${ensembleLines(attackLabel(attack), attack.ensemble)}`);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    line.clear();
    if (!leads) return;
    note(
      out === undefined
        ? "With --out <file> an evaluation goes on where it was stopped."
        : `Go on with the same command, which repeats nothing that is finished:\n  ${continuation()}`,
    );
  } finally {
    data.line.clear();
    line.clear();
  }
}
