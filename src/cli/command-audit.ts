// `reat audit`: is a model's robustness real, or are its gradients masked?
import { basename, dirname, join } from "node:path";
import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { ReatError } from "../errors.js";
import { auditCheckNames, type CheckpointName, checkpointNames } from "../evaluation/index.js";
import {
  type AuditOutcome,
  type AuditRecord,
  auditImages,
  auditModel,
  ownExport,
  writeAudit,
} from "../experiments/index.js";
import { auditedOn, auditMarks, auditVerdicts, quotedFigure, writeAuditPage } from "../report/index.js";
import { dataProgress } from "./data-progress.js";
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
import { collect, commaList, wholeNumber } from "./options.js";
import { bar, StatusLine } from "./status-line.js";
import { table } from "./table.js";
import { duration, note, percent, print, printJson } from "./terminal.js";

interface AuditFlags extends ForeignFlags {
  readonly checkpoint?: CheckpointName;
  readonly surrogate?: string;
  readonly images: number;
  readonly check?: readonly string[];
  readonly queries?: number;
  readonly output?: string;
  readonly json?: true;
}

export function addAudit(program: Command): void {
  const command = program
    .command("audit")
    .summary("check whether a model's robustness is real")
    .description(
      "Checks a run's checkpoint, or weights from elsewhere, for masked gradients: each check of the literature is a row " +
        "with its figures, what decides, and a verdict. Writes audits/<checkpoint>.json and .html into the run. Ends with " +
        "exit code 0 whatever the verdict is.",
    )
    .addArgument(new Argument("<model>", "a run's folder, one of its checkpoints, or a file of weights"))
    .option("--images <n>", "test images, spread over the classes", wholeNumber(1), auditImages)
    .option("--check <names>", `only these, separated by commas: ${auditCheckNames.join(", ")}`, commaList)
    .option("--queries <n>", "queries per image of the black-box attack (default: 500)", wholeNumber(1))
    .option(
      "--surrogate <run>",
      "a run or checkpoint whose examples are transferred, best an undefended model",
    )
    .addOption(new Option("--checkpoint <which>", "of a run (default: best)").choices(checkpointNames))
    .option("--data <source>", "where the data is now, if it has moved; for weights, images to measure on")
    .option("--set <key=value>", "change one key of the configuration; may be given again", collect)
    .option("--device <device>", "auto, cpu, cuda or cuda:N")
    .option("-o, --output <file>", "for weights: write a page there, and JSON beside it", htmlFile)
    .option("--json", "print the audit as JSON")
    .addHelpText(
      "after",
      `
Examples:
  reat audit runs/birds
  reat audit runs/birds --surrogate runs/birds-plain --images 1000
  reat audit runs/birds --set evaluation.epsilon=4/255 --check logit-scale,black-box
  reat audit trades.pt --architecture wrn34_10 --data cifar10 -o trades-audit.html`,
    )
    .action((place: string, _: unknown, self: Command) => run(place, self.optsWithGlobals<AuditFlags>()));
  addForeignOptions(command);
  addImageOptions(command);
}

/** @throws ReatError `usage` for options that would do nothing */
function requireUsed(
  { architecture, checkpoint, check, queries, surrogate, ...flags }: AuditFlags,
  own: boolean,
): void {
  if (architecture === undefined && !own) {
    const foreign = foreignFlag(flags);
    if (foreign)
      throw new ReatError("usage", `--${foreign} is for weights from elsewhere, which need --architecture.`);
  } else if (checkpoint !== undefined) {
    throw new ReatError("usage", "--checkpoint is for runs; a file of weights has none.");
  }
  const left = (name: string) => check !== undefined && !check.includes(name);
  if (queries !== undefined && left("black-box")) {
    throw new ReatError("usage", "--queries is for the check black-box, which --check leaves out.");
  }
  if (surrogate !== undefined && left("transfer")) {
    throw new ReatError("usage", "--surrogate is for the check transfer, which --check leaves out.");
  }
}

async function run(named: string, flags: AuditFlags): Promise<void> {
  const own = flags.architecture === undefined ? await ownExport(named) : null;
  requireUsed(flags, own !== null);
  const place = own ?? named;
  const foreign =
    own === null && flags.architecture === undefined ? undefined : foreignOptions(flags, own !== null);
  const signal = abortOnInterrupt("stopping after this batch; the same command goes on from here…");
  const data = dataProgress();
  const line = new StatusLine();
  try {
    const outcome = await auditModel(place, {
      ...(foreign && { foreign }),
      ...(flags.checkpoint && { checkpoint: flags.checkpoint }),
      ...(flags.surrogate !== undefined && { surrogate: flags.surrogate }),
      ...(flags.check && { checks: flags.check }),
      ...(flags.queries !== undefined && { queries: flags.queries }),
      ...(flags.output !== undefined && { destination: destinationOf(flags.output) }),
      ...{ images: flags.images, classNames: classNamesOf(flags) },
      overrides: overridesOf(flags),
      signal,
      onDataProgress: data.progress,
      onProgress: ({ check, checks, name, stage, done, total, secondsLeft }) => {
        const left = secondsLeft === null ? "" : `  ${duration(secondsLeft)} left`;
        const share = (check - 1 + done / total) / checks;
        line.show(`${bar(share, 20)} check ${check}/${checks} ${name}: ${stage} ${done}/${total}${left}`);
      },
    });
    line.clear();
    const page = await write(outcome, flags.output);
    const { record } = outcome;
    for (const text of [...outcome.notes, ...(record.weights?.notes ?? [])]) note(text);
    if (flags.json) {
      printJson(record);
      return;
    }
    print(auditText(record));
    if (page !== null) note(`report: ${page}`);
  } catch (error) {
    // The signal's own reason is no failure; the program ends with the code of an interruption.
    if (!signal.aborted) throw error;
  } finally {
    data.line.clear();
    line.clear();
  }
}

/** @returns the page's path, or null where there is no place for one */
async function write({ record, folder, name }: AuditOutcome, output?: string): Promise<string | null> {
  if (output !== undefined) {
    await writeAuditPage(output, record);
    const { folder, name } = destinationOf(output);
    await writeAudit(folder, name, record);
    return output;
  }
  if (folder === null) return null;
  const page = join(folder, `${name}.html`);
  await writeAudit(folder, name, record);
  await writeAuditPage(page, record);
  return page;
}

function auditText(record: AuditRecord): string {
  const rows = record.rows.map(({ name, title, verdict }) => [auditMarks[verdict], name, verdict, title]);
  const told = record.rows.map(({ name, explanation }) => `${name}: ${explanation}`);
  return [
    `${record.subject}: ${percent(record.clean)} clean, ${percent(record.robust)} under the plain attack, on ${auditedOn(record)}.`,
    "",
    table(["", "check", "verdict", "what should hold"], rows, ["", "check", "verdict", "what should hold"]),
    "",
    ...told,
    "",
    `verdict: ${record.verdict}. ${auditVerdicts[record.verdict]}`,
    `figure: ${record.figure.verdict}. ${quotedFigure(record)}`,
  ].join("\n");
}

function destinationOf(output: string): { folder: string; name: string } {
  return { folder: dirname(output), name: basename(output).replace(/\.html?$/i, "") };
}

function htmlFile(text: string): string {
  if (!/\.html?$/i.test(text)) throw new InvalidArgumentError("It takes a file that ends in .html.");
  return text;
}
