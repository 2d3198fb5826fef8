// The command line as a whole: its commands, its exit codes, the one place where errors become text.
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { ReatError } from "../errors.js";
import { setThreads } from "../tensor/index.js";
import { addAttacks } from "./command-attacks.js";
import { addAudit } from "./command-audit.js";
import { addConfig } from "./command-config.js";
import { addData } from "./command-data.js";
import { addDoctor } from "./command-doctor.js";
import { addEval } from "./command-eval.js";
import { addExport } from "./command-export.js";
import { addMethods } from "./command-methods.js";
import { addPredict } from "./command-predict.js";
import { addQuickstart } from "./command-quickstart.js";
import { addReport } from "./command-report.js";
import { addReproduce } from "./command-reproduce.js";
import { addSweep } from "./command-sweep.js";
import { addTrain } from "./command-train.js";
import { addUi } from "./command-ui.js";
import { interruption } from "./interrupt.js";
import { requireAlone } from "./join-processes.js";
import { wholeNumber } from "./options.js";
import { writeResult } from "./output.js";
import { note, styled } from "./terminal.js";

/** Exit codes. */
export const exitFailed = 1;
export const exitWrongUsage = 2;

const exitCodesHelp = `
Exit codes: 0 done, 1 the work failed, 2 wrong usage (an unknown option or key, a value of the wrong type),
130 stopped by Ctrl-C, SIGTERM or SIGHUP, 141 because nobody reads the output any more; both after a checkpoint where
a training was running.`;

/** All commands with their options, before any is run. */
export function createProgram(): Command {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const program = new Command("reat")
    .description(
      "Adversarial training for long-tailed data: trains robust image classifiers and measures their robustness.",
    )
    .version(version)
    .option("--threads <n>", "threads of the CPU (default: all cores)", wholeNumber(1))
    .option("--debug", "print the stack of an error")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: writeResult,
      outputError: (text, write) => write(text.replace(/^error: /, "reat: ")),
    })
    .showHelpAfterError("(--help lists what is accepted)")
    .exitOverride()
    .addHelpText(
      "after",
      `${exitCodesHelp}

Examples:
  reat quickstart                                      # five minutes, no data needed
  reat train own-images-reat --data photos/            # your own images, one folder per class
  reat train cifar10-lt-ur50-small-reat --data cifar-10-binary.tar.gz
  reat eval runs/cifar10-lt-ur50-small-reat --attack pgd-20,pgd-100
  reat audit runs/cifar10-lt-ur50-small-reat           # is its robustness real?
  reat predict runs/birds bird.jpg --robust            # its class, and how far from another one
  reat export runs/birds --to onnx,pytorch
  reat report runs/* -o comparison.html
  reat ui                                              # all runs in the browser, live`,
    )
    .hook("preAction", (_, command) => {
      const { threads } = command.optsWithGlobals<{ threads?: number }>();
      requireAlone(command.name());
      if (threads !== undefined && command.name() !== "doctor") setThreads(threads);
    });
  for (const add of [
    addQuickstart,
    addTrain,
    addEval,
    addAudit,
    addPredict,
    addExport,
    addReport,
    addReproduce,
    addSweep,
    addUi,
    addData,
    addMethods,
    addAttacks,
    addConfig,
    addDoctor,
  ])
    add(program);
  // Handled by bin/reat.js before anything is compiled; listed for the help alone.
  program.command("setup").summary("build the addon and install what is missing").helpOption(false);
  adoptSettings(program);
  return program;
}

// Commander hands its settings to subcommands only when these are made after the settings were.
function adoptSettings(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    adoptSettings(child);
  }
}

/** Runs one command line. @returns the exit code */
export async function run(args: readonly string[]): Promise<number> {
  const program = createProgram();
  try {
    await program.parseAsync([...args], { from: "user" });
    return interruption() ?? Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitWrongUsage;
    const interrupted = interruption();
    if (interrupted !== null && error instanceof ReatError) {
      note(error.message);
      return interrupted;
    }
    note(`${styled("red", "reat:")} ${(error as Error).message}`);
    if (args.includes("--debug")) note((error as Error).stack ?? "");
    return error instanceof ReatError && (error.code === "usage" || error.code === "config")
      ? exitWrongUsage
      : exitFailed;
  }
}
