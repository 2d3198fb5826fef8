// Opens what was trained, to be used: a run, a checkpoint in one, or what was exported of one.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ReatError } from "../../errors.js";
import { bestFirst, type CheckpointName } from "../../evaluation/index.js";
import type { ClassifierDescription } from "../../export/index.js";
import { resolveDevice } from "../../tensor/index.js";
import {
  type CheckpointState,
  type Environment,
  loadModel,
  type RunFolder,
  readCheckpoint,
  weightsEpoch,
} from "../../training/index.js";
import { loadWeightsFile, readWeightsFile } from "../../weights/index.js";
import { normalisationOf } from "../assemble.js";
import { trainedClasses } from "../class-names.js";
import type { ExperimentConfig } from "../config/index.js";
import { loadData } from "../data.js";
import { type Located, locate } from "../locate.js";
import { ownDescription } from "../own-export.js";
import { runConfig } from "../run-config.js";
import { exportedFile, exportedFiles } from "./exported-file.js";
import { describe, TrainedClassifier } from "./trained-classifier.js";

/** Which checkpoint of a run is taken, and on which device it works. */
export interface LoadClassifierOptions {
  /** Of a run's folder. Default: the best one where there is one, otherwise the last. */
  readonly checkpoint?: CheckpointName | undefined;
  /** Instead of the names that a run recorded, in the order of its outputs. */
  readonly classNames?: readonly string[] | undefined;
  /** auto, cpu, cuda or cuda:N. Default: auto. */
  readonly device?: string | undefined;
}

/**
 * The classifier of a run, with its class names, normalisation and inference rule; no data set is read.
 * @param place a run's folder, a checkpoint file in one, an export's folder, or its model.safetensors or model.pt
 * @throws ReatError `usage` where there is none of these, `checkpoint` for damaged files or weights of other classes
 */
export async function loadClassifier(
  place: string,
  options: LoadClassifierOptions = {},
): Promise<TrainedClassifier> {
  const exported = exportedFile(place);
  const onnx = [place, join(place, "model.onnx")].find((file) => file.endsWith(".onnx") && existsSync(file));
  if (exported === null && onnx !== undefined) {
    throw new ReatError(
      "usage",
      `${onnx} is not read back, as no ONNX file is; accepted are a run's folder, and ${exportedFiles.join(" and ")} of an export.`,
    );
  }
  return exported === null ? loadFromRun(place, options) : loadExported(exported, options);
}

async function loadFromRun(place: string, options: LoadClassifierOptions): Promise<TrainedClassifier> {
  const { checkpoint = null, device = "auto" } = options;
  const { run, checkpoints } = locate(place, checkpoint === null ? bestFirst : [checkpoint]);
  const located = checkpoints[0]!;
  const config = runConfig(run);
  const read = await readCheckpoint(located.file);
  const classifier = new TrainedClassifier(
    await describeRun(run, config, located, read.state, options.classNames),
    resolveDevice(device),
  );
  return filled(classifier, () => {
    const { classNames } = classifier;
    const { classes, architecture } = read.state;
    if (classes !== classNames.length) {
      throw new ReatError(
        "checkpoint",
        `${located.file} is of a ${architecture} with ${classes} classes, and the run names ${classNames.length} (${classNames.slice(0, 8).join(", ")}): they are not of one run.`,
      );
    }
    const own = read.state.classNames;
    if (own && options.classNames === undefined && own.some((name, id) => name !== classNames[id])) {
      throw new ReatError(
        "checkpoint",
        `${located.file} was trained on the classes ${own.slice(0, 8).join(", ")}, and the run names ${classNames.slice(0, 8).join(", ")}: they are not of one run.`,
      );
    }
    loadModel(read, classifier.trained, located.file);
  });
}

async function loadExported(file: string, options: LoadClassifierOptions): Promise<TrainedClassifier> {
  const weights = await readWeightsFile(file);
  const description = ownDescription(weights);
  if (description === null) {
    throw new ReatError(
      "checkpoint",
      `${file} does not say what it is: accepted are a run's folder and files that \`reat export\` wrote; weights from elsewhere are measured by \`reat eval --architecture\`.`,
    );
  }
  const classifier = new TrainedClassifier(description, resolveDevice(options.device ?? "auto"));
  return filled(classifier, () => void loadWeightsFile(weights, classifier.network));
}

/** The classifier after `fill`; freed where that fails. */
function filled(classifier: TrainedClassifier, fill: () => void): TrainedClassifier {
  try {
    fill();
    return classifier;
  } catch (cause) {
    classifier[Symbol.dispose]();
    throw cause;
  }
}

const recordedSize = z.object({ height: z.int().min(1), width: z.int().min(1) });

async function describeRun(
  run: RunFolder,
  config: ExperimentConfig,
  { checkpoint }: Located,
  state: CheckpointState,
  names: readonly string[] | undefined,
): Promise<ClassifierDescription> {
  const trained = trainedClasses(run, names);
  if (!trained?.counts) {
    throw new ReatError(
      "checkpoint",
      `${run.environmentFile} does not say which classes the run was trained on, so its predictions have no names.`,
    );
  }
  const environment = run.environment() as
    | (Environment & { readonly data?: { readonly imageSize?: unknown } })
    | null;
  const { resize, crop, orientation } = config.data;
  const size = recordedSize.safeParse(environment?.data?.imageSize);
  return describe({
    name: run.name,
    architecture: config.model.architecture,
    classifier: config.model.classifier,
    classNames: trained.names,
    imageSize: size.success ? size.data : await sizeOfData(config),
    preprocessing: { resize, crop, orientation },
    normalisation: normalisationOf(config),
    method: config.method,
    classCounts: trained.counts,
    source: {
      checkpoint,
      epoch: weightsEpoch(state.progress),
      averaged: state.weightAverage !== undefined,
      reat: String(environment?.reat ?? "unknown"),
    },
  });
}

/** For runs from before it was recorded: the configured size, or the data's. */
async function sizeOfData(config: ExperimentConfig): Promise<ClassifierDescription["imageSize"]> {
  const { resize, crop, source } = config.data;
  const side = crop ?? resize;
  if (side !== null) return { height: side, width: side };
  if (/^(synthetic(:.*)?|cifar10|cifar100)$/.test(source)) return { height: 32, width: 32 };
  const { dataset } = await loadData(config);
  return { height: dataset.height, width: dataset.width };
}
