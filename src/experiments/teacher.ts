// The teacher of a student: another run's classifier, of the same classes and images.
import { resolve } from "node:path";
import { ReatError } from "../errors.js";
import { bestFirst } from "../evaluation/index.js";
import type { Teacher } from "../methods/index.js";
import type { Device } from "../tensor/index.js";
import { readCheckpoint, weightsDigest } from "../training/index.js";
import type { ExperimentConfig } from "./config/index.js";
import type { ExperimentData } from "./data.js";
import { locate } from "./locate.js";
import { loadClassifier } from "./using/index.js";

/** A teacher that owns its network. */
export interface LoadedTeacher extends Teacher, Disposable {
  /** Of its weights: what a continued run must share. */
  readonly digest: string;
}

function teacherOf({ method }: ExperimentConfig) {
  return "selfTeacher" in method ? method.selfTeacher : undefined;
}

/**
 * The configured teacher; null where there is none.
 * @throws ReatError `usage` where there is no run, `checkpoint` where it has no weights, `config` for a teacher of other classes or images
 */
export async function loadTeacher(
  config: ExperimentConfig,
  { dataset }: ExperimentData,
  device: Device,
): Promise<LoadedTeacher | null> {
  const wanted = teacherOf(config);
  if (!wanted) return null;
  const { checkpoints } = locate(wanted.run, bestFirst);
  const digest = weightsDigest(await readCheckpoint(checkpoints[0]!.file));
  const classifier = await loadClassifier(wanted.run, { device });
  try {
    const { classNames, imageSize } = classifier;
    const shown = (names: readonly string[]) => names.slice(0, 8).join(", ");
    if (classNames.join("\n") !== dataset.classNames.join("\n")) {
      throw new ReatError(
        "config",
        `method.selfTeacher.run is ${wanted.run}, whose classes are ${shown(classNames)}, but the training's are ${shown(dataset.classNames)}; accepted: a run on the same classes in the same order.`,
      );
    }
    if (imageSize.height !== dataset.height || imageSize.width !== dataset.width) {
      throw new ReatError(
        "config",
        `method.selfTeacher.run is ${wanted.run}, whose images have ${imageSize.height}×${imageSize.width} pixels, but the training's have ${dataset.height}×${dataset.width}; accepted: a run on images of the same size.`,
      );
    }
  } catch (cause) {
    classifier[Symbol.dispose]();
    throw cause;
  }
  return {
    digest,
    logits: (images) => classifier.logits(images),
    [Symbol.dispose]: () => classifier[Symbol.dispose](),
  };
}

/** With the full path of the teacher's run: a run is continued from other folders than it was begun in. */
export function withFullTeacherPath(config: ExperimentConfig): ExperimentConfig {
  const teacher = teacherOf(config);
  if (!teacher) return config;
  const selfTeacher = { ...teacher, run: resolve(teacher.run) };
  return { ...config, method: { ...config.method, selfTeacher } as ExperimentConfig["method"] };
}

/** The method with the teacher's weights in place of its path, which may change. */
export function decidingMethod(
  { method }: Pick<ExperimentConfig, "method">,
  teacher: Pick<LoadedTeacher, "digest"> | null,
): ExperimentConfig["method"] {
  if (!("selfTeacher" in method) || !method.selfTeacher) return method;
  return {
    ...method,
    selfTeacher: { ...method.selfTeacher, run: teacher?.digest ?? method.selfTeacher.run },
  };
}
