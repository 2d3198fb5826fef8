// Writes a trained classifier in the forms that other programs read, compares each with the run, and describes them all.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, isAbsolute, join } from "node:path";
import { parseDocument } from "yaml";
import { makeFolder, writeDurably } from "../../durable-file.js";
import { ReatError } from "../../errors.js";
import { readResults } from "../../evaluation/index.js";
import {
  type CardFacts,
  describeAsJson,
  modelCard,
  onnxFiles,
  onnxIr,
  onnxOpset,
  type RunFacts,
  robustBenchRecord,
  safetensorsFile,
  torchFile,
  torchModule,
} from "../../export/index.js";
import { RunFolder } from "../../training/index.js";
import { runConfig } from "../run-config.js";
import { demoOf } from "./demo.js";
import { type LoadClassifierOptions, loadClassifier } from "./load-classifier.js";
import {
  describeParity,
  gradientParity,
  onnxParity,
  type Parity,
  pythonParity,
  type Reference,
  referenceOf,
  reopenedParity,
} from "./parity.js";
import type { TrainedClassifier } from "./trained-classifier.js";

/** Forms that are exported. */
export const exportTargets = ["onnx", "pytorch", "safetensors"] as const;
/** The name of a form that classifiers are written in. */
export type ExportTarget = (typeof exportTargets)[number];

/** What is written of a trained classifier, and where. */
export interface ExportOptions extends Omit<LoadClassifierOptions, "device"> {
  readonly to: readonly ExportTarget[];
  /** Default: `export` in the run's folder; needed for anything else. */
  readonly out?: string | undefined;
  /** Also write an ONNX file with the gradient of the images. Default: false. */
  readonly withGradient?: boolean | undefined;
  /** Also write demo.html, a page that classifies and attacks images in any browser; with onnx. Default: false. */
  readonly demo?: boolean | undefined;
  /** Compare what was written with the run. Default: true. */
  readonly parity?: boolean | undefined;
  /** By how much the logits of the comparison may differ, above 0. Default: 1e-4; a larger one is named on the card. */
  readonly tolerance?: number | undefined;
  /** A Python with torch that runs the exported module for the comparison. */
  readonly python?: string | undefined;
}

/** What an export wrote, and how close to the original it computes. */
export interface ExportOutcome {
  readonly folder: string;
  /** Names of the files in it. */
  readonly files: readonly string[];
  readonly parity: readonly Parity[];
  /** What was compared and what was not, one sentence for each file. */
  readonly agreement: readonly string[];
}

/**
 * @param place as {@link loadClassifier} takes it
 * @throws ReatError `config` naming what a form cannot hold, `numerics` where a file computes other logits than the run (it is then
 *   removed), `usage`, `checkpoint`, `environment` or `disk`
 */
export async function exportClassifier(place: string, options: ExportOptions): Promise<ExportOutcome> {
  const { to, withGradient = false, demo = false, parity = true, tolerance, python } = options;
  if (to.length === 0) {
    throw new ReatError("usage", `No form was named to export to; accepted are ${exportTargets.join(", ")}.`);
  }
  if (withGradient && !to.includes("onnx")) {
    throw new ReatError(
      "usage",
      "The gradient of the images is exported for onnx, which --to does not name.",
    );
  }
  if (demo && !to.includes("onnx")) {
    throw new ReatError("usage", "The page of --demo runs the network as onnx, which --to does not name.");
  }
  if (tolerance !== undefined && !(parity && tolerance > 0 && Number.isFinite(tolerance))) {
    throw new ReatError(
      "usage",
      parity
        ? `A tolerance of ${tolerance} was asked for; accepted is a number above 0.`
        : "A tolerance is for the comparison with the run, which was left out.",
    );
  }
  using classifier = await loadClassifier(place, { ...options, device: "cpu" });
  const run = RunFolder.isRun(place) ? RunFolder.open(place) : null;
  const folder = options.out ?? (run && join(run.path, "export"));
  if (folder === null) {
    throw new ReatError("usage", `${place} is no run's folder; --out names the folder to export to.`);
  }
  prepare(folder);
  const writer = new Writer(folder, parity ? referenceOf(classifier, tolerance) : null);
  if (to.includes("onnx")) {
    const gradient = await writer.onnx(classifier, withGradient, demo);
    if (demo) await writer.demo(classifier, gradient!, run);
  }
  if (to.includes("pytorch")) await writer.pytorch(classifier, python);
  if (to.includes("safetensors")) await writer.safetensors(classifier);
  writer.noteEarlier();
  const agreement = [...writer.parity.map(describeParity), ...writer.notCompared];
  const facts: CardFacts = {
    description: classifier.description,
    run: run && runFacts(run),
    results: run
      ? readResults(run.evaluationsFolder).filter(
          ({ checkpoint }) => checkpoint === classifier.description.source.checkpoint,
        )
      : [],
    files: writer.files,
    agreement,
  };
  await writer.json("config.json", hubConfig(classifier));
  await writer.json("model_info.json", robustBenchRecord(facts));
  await writer.json("parity.json", { comparisons: writer.parity, notCompared: writer.notCompared });
  await writer.text("README.md", modelCard(facts));
  return { folder, files: writer.files, parity: writer.parity, agreement };
}

/** Files that other projects have under the same names, and what stands in those that an export wrote. */
const marks = {
  "config.json": '"reat-classifier"',
  "README.md": "library_name: reat",
  "model.py": "exported by reat",
} as const;

/** Makes the folder. @throws ReatError `usage` where it holds something else, `disk` */
function prepare(folder: string): void {
  for (const [name, mark] of Object.entries(marks)) {
    const file = join(folder, name);
    if (!existsSync(file) || readFileSync(file, "utf8").includes(mark)) continue;
    throw new ReatError(
      "usage",
      `${folder} holds a ${name} that reat did not write: choose another folder (--out).`,
    );
  }
  makeFolder(folder);
}

const modelFiles = ["model.onnx", "model-gradient.onnx", "model.pt", "model.safetensors"];

type Content = string | readonly Uint8Array[];

/** Writes files and compares each with the run. */
class Writer {
  readonly files: string[] = [];
  readonly parity: Parity[] = [];
  readonly notCompared: string[] = [];

  constructor(
    readonly folder: string,
    readonly reference: Reference | null,
  ) {}

  /** @returns the file with the gradient; null unless it is written or a page needs it */
  async onnx(
    classifier: TrainedClassifier,
    withGradient: boolean,
    demo: boolean,
  ): Promise<Uint8Array | null> {
    const { model, gradient } = onnxFiles(classifier, { withGradient: withGradient || demo });
    const { reference } = this;
    if (reference === null) this.notCompared.push("The ONNX files were not compared with the run.");
    else this.parity.push(await onnxParity("model.onnx", model, reference));
    if (gradient && reference) {
      this.parity.push(await gradientParity("model-gradient.onnx", gradient, classifier, reference));
    }
    await this.#write("model.onnx", [model]);
    if (gradient && withGradient) await this.#write("model-gradient.onnx", [gradient]);
    return gradient;
  }

  async demo(classifier: TrainedClassifier, gradient: Uint8Array, run: RunFolder | null): Promise<void> {
    const { page, notes } = await demoOf(classifier, gradient, run);
    await this.#write("demo.html", page);
    this.notCompared.push(...notes);
  }

  async pytorch(classifier: TrainedClassifier, python: string | undefined): Promise<void> {
    const files = { "model.py": torchModule, "model.pt": [torchFile(classifier)] };
    await this.#writeCompared("model.pt", files, async (folder, reference) => [
      await reopenedParity(join(folder, "model.pt"), "model.pt", reference),
      ...(python === undefined ? [] : [pythonParity(folder, python, reference)]),
    ]);
    if (python === undefined || this.reference === null) {
      this.notCompared.push("model.py was not run: REAT_PYTHON names a Python with torch for that.");
    }
  }

  async safetensors(classifier: TrainedClassifier): Promise<void> {
    const name = "model.safetensors";
    await this.#writeCompared(name, { [name]: safetensorsFile(classifier) }, async (folder, reference) => [
      await reopenedParity(join(folder, name), name, reference),
    ]);
  }

  /** Says which models in the folder are those of an earlier export. */
  noteEarlier(): void {
    for (const name of modelFiles) {
      if (this.files.includes(name) || !existsSync(join(this.folder, name))) continue;
      this.notCompared.push(`${name} is of an earlier export and was not written anew.`);
    }
  }

  json(name: string, value: unknown): Promise<void> {
    return this.text(name, `${JSON.stringify(value, null, 2)}\n`);
  }

  text(name: string, text: string): Promise<void> {
    return this.#write(name, text);
  }

  /** Compares the files in a place of their own, so that those of an earlier export stay where the new ones do not agree. */
  async #writeCompared(
    main: string,
    files: Readonly<Record<string, Content>>,
    compare: (folder: string, reference: Reference) => Promise<Parity[]>,
  ): Promise<void> {
    const { reference } = this;
    if (reference === null) {
      this.notCompared.push(`${main} was not compared with the run.`);
    } else {
      const place = mkdtempSync(join(tmpdir(), "reat-export-"));
      try {
        for (const [name, content] of Object.entries(files)) await writeDurably(join(place, name), content);
        this.parity.push(...(await compare(place, reference)));
      } finally {
        rmSync(place, { recursive: true, force: true });
      }
    }
    for (const [name, content] of Object.entries(files)) await this.#write(name, content);
  }

  async #write(name: string, content: Content): Promise<void> {
    await writeDurably(join(this.folder, name), content);
    this.files.push(name);
  }
}

function runFacts(run: RunFolder): RunFacts {
  const text = run.config();
  const config = runConfig(run);
  const environment = run.environment() as { readonly data?: Partial<RecordedData> } | null;
  const { name = config.data.source, synthetic = false, notes = [] } = environment?.data ?? {};
  const { epochs, select } = config.training;
  const published = parseDocument(text);
  // The card is for others, whom the folders of this computer do not concern.
  if (isAbsolute(config.data.source)) published.setIn(["data", "source"], basename(config.data.source));
  return {
    dataset: name,
    synthetic,
    dataNotes: notes,
    config: published.toString(),
    epochs,
    selection: select,
  };
}

interface RecordedData {
  readonly name: string;
  readonly synthetic: boolean;
  readonly notes: readonly string[];
}

/** Keys that programs around huggingface.co look for, and the whole description. */
function hubConfig({ description }: TrainedClassifier): Record<string, unknown> {
  const { architecture, classNames, imageSize } = description;
  return {
    architectures: [architecture],
    model_type: "reat",
    num_labels: classNames.length,
    id2label: Object.fromEntries(classNames.map((name, id) => [id, name])),
    label2id: Object.fromEntries(classNames.map((name, id) => [name, id])),
    image_size: [imageSize.height, imageSize.width],
    onnx: { opset: onnxOpset, ir_version: onnxIr },
    reat: JSON.parse(describeAsJson(description)) as unknown,
  };
}
