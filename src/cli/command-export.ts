// `reat export`: writes what was trained in the forms that other programs read, and checks that they answer alike.
import { type Command, InvalidArgumentError, Option } from "commander";
import { type CheckpointName, checkpointNames } from "../evaluation/index.js";
import { type ExportTarget, exportClassifier, exportTargets, readClassNames } from "../experiments/index.js";
import { commaList, positive } from "./options.js";
import { note, print, printJson } from "./terminal.js";

interface ExportFlags {
  readonly to: readonly ExportTarget[];
  readonly out?: string;
  readonly checkpoint?: CheckpointName;
  readonly withGradient?: true;
  readonly demo?: true;
  readonly parity: boolean;
  readonly tolerance?: number;
  readonly classNames?: string;
  readonly json?: true;
}

export function addExport(program: Command): void {
  program
    .command("export")
    .summary("write a trained classifier as ONNX, for PyTorch or as safetensors, with a card")
    .description(
      "Writes the classifier with its class names, normalisation and inference rule, and compares the logits of 64 images with " +
        "the run's: ONNX under onnxruntime-web, PyTorch's file in the Python that REAT_PYTHON names. A file that does not agree is " +
        "not left behind. README.md beside it is a card for huggingface.co, model_info.json a record for RobustBench.",
    )
    .argument("<run>", "a run's folder, a checkpoint in it, or an earlier export")
    .requiredOption("--to <forms>", `separated by commas: ${exportTargets.join(", ")}`, targets)
    .option("-o, --out <folder>", "where to (default: export in the run's folder)")
    .addOption(
      new Option("--checkpoint <which>", "of a run (default: best, else last)").choices(checkpointNames),
    )
    .option(
      "--with-gradient",
      "for onnx: also a file with the gradient of the loss by the images, for attacks",
    )
    .option(
      "--demo",
      "with onnx: also demo.html, which classifies and attacks images in any browser, offline",
    )
    .option("--no-parity", "do not compare with the run")
    .option("--tolerance <x>", "by how much logits may differ from the run's (default: 1e-4)", positive)
    .option("--class-names <file>", "names of the outputs in their order, instead of those the run recorded")
    .option("--json", "print what was written as JSON")
    .addHelpText(
      "after",
      `
Examples:
  reat export runs/birds --to onnx
  reat export runs/birds --to onnx,pytorch,safetensors --out birds-model
  reat export runs/birds --to onnx --demo
  reat export runs/birds --to onnx --with-gradient --checkpoint last`,
    )
    .action(run);
}

function targets(text: string): ExportTarget[] {
  const names = commaList(text);
  const unknown = names.find((name) => !exportTargets.includes(name as ExportTarget));
  if (unknown !== undefined || names.length === 0) {
    throw new InvalidArgumentError(`Accepted are ${exportTargets.join(", ")}, separated by commas.`);
  }
  return names as ExportTarget[];
}

async function run(place: string, flags: ExportFlags): Promise<void> {
  const { to, out, checkpoint, withGradient, demo, parity, tolerance, json } = flags;
  const classNames = flags.classNames === undefined ? undefined : readClassNames(flags.classNames);
  const outcome = await exportClassifier(place, {
    ...{ to, out, checkpoint, withGradient, demo, parity, tolerance, classNames },
    python: process.env.REAT_PYTHON,
  });
  if (json) {
    printJson(outcome);
    return;
  }
  for (const sentence of outcome.agreement) note(sentence);
  print(outcome.files.map((file) => `${outcome.folder}/${file}`).join("\n"));
}
