// From what is being trained to a checkpoint and back.
import { createHash } from "node:crypto";
import { ReatError } from "../errors.js";
import { noGrad, scope, stack, type Tensor } from "../tensor/index.js";
import { type Checkpoint, loadModel, withTensors } from "./checkpoint.js";
import type { TrainedSoFar } from "./checkpoint-state.js";
import type { ExampleDrift } from "./example-drift.js";
import type { AveragedTraining, TrainingOptions } from "./options.js";
import { type StoredTensor, storeTensor } from "./safetensors.js";
import { settingsDifferences } from "./settings.js";
import type { EpochStatistics } from "./statistics.js";

type Trained = Pick<
  TrainingOptions,
  | "model"
  | "classNames"
  | "average"
  | "method"
  | "optimizer"
  | "attackGenerator"
  | "settings"
  | "seeds"
  | "epochs"
  | "batchesPerEpoch"
>;

/** Whether steps have gone into the average: what is measured and kept is then the average. */
export function isAveraged(
  { from }: AveragedTraining,
  { epoch, batch }: Pick<TrainedSoFar, "epoch" | "batch">,
) {
  return epoch > from || (epoch === from && batch > 0);
}

/** Copies everything a run needs to continue. Waits for the device. */
export function takeSnapshot(
  trained: Trained,
  statistics: EpochStatistics,
  drift: ExampleDrift | null,
  progress: TrainedSoFar,
): Checkpoint {
  const { model, average, method, optimizer, attackGenerator, settings, seeds, batchesPerEpoch } = trained;
  const { classNames } = trained;
  const averaged = average && isAveraged(average, progress) ? average : null;
  const stored = (tensors: ReadonlyMap<string, Tensor>) =>
    new Map([...tensors].map(([name, tensor]) => [name, storeTensor(tensor)] as const));
  const bytes = attackGenerator.state();
  const generator: StoredTensor = { dtype: "uint8", shape: [bytes.length], bytes };
  return {
    state: {
      architecture: model.architecture,
      classes: model.classes,
      ...(classNames && { classNames }),
      method: { name: method.name, state: method.state() },
      ...(averaged && { weightAverage: { decay: averaged.weights.decay, from: averaged.from } }),
      settings,
      seeds,
      batchesPerEpoch,
      progress,
      statistics: statistics.counts(),
    },
    parts: {
      model: stored(averaged?.weights.state() ?? model.stateDict()),
      trained: averaged ? stored(model.stateDict()) : new Map(),
      optimizer: stored(optimizer.state()),
      generator: new Map([["attack", generator]]),
      statistics: stored(statistics.tensors()),
      observed: stored(drift?.tensors() ?? new Map()),
    },
  };
}

/**
 * Continues from a checkpoint: overwrites model, optimiser, method, generator and statistics.
 * @throws ReatError `checkpoint` when it is of another model, method or configuration
 */
export function restoreSnapshot(
  checkpoint: Checkpoint,
  trained: Trained,
  statistics: EpochStatistics,
  drift: ExampleDrift | null,
  file: string,
): void {
  const { state, parts } = checkpoint;
  const { model, average, method, optimizer, attackGenerator } = trained;
  const refuse = (why: string, cause?: unknown) =>
    new ReatError("checkpoint", `The checkpoint ${file} cannot be continued: ${why}.`, { cause });
  if (state.method.name !== method.name) {
    throw refuse(`it was trained with ${state.method.name}, and the method now is ${method.name}`);
  }
  // The architecture's own message is clearer than that of the setting behind it.
  const sameModel = state.architecture === model.architecture && state.classes === model.classes;
  const differences = settingsDifferences(state.settings, trained.settings);
  if (sameModel && differences.length > 0) throw refuse(differences.join("; "));
  if (sameModel && state.batchesPerEpoch !== trained.batchesPerEpoch) {
    throw refuse(
      `its epochs have ${state.batchesPerEpoch} batches, and now there are ${trained.batchesPerEpoch}; the training images or the batch size changed`,
    );
  }
  const trainedEpochs = state.progress.measuring ? state.progress.epoch : state.progress.epoch - 1;
  if (sameModel && trainedEpochs > trained.epochs) {
    throw refuse(`${trainedEpochs} epochs are trained, and ${trained.epochs} are asked for now`);
  }
  const generator = parts.generator.get("attack");
  if (!generator) throw refuse("it holds no state of the attack's random numbers");
  const fitting = (what: string, restore: () => void) => {
    try {
      restore();
    } catch (cause) {
      const why = (cause as Error).message.replace(/\.$/, "");
      if (cause instanceof ReatError && why.includes(file)) throw cause;
      throw refuse(`${what}: ${why}`, cause);
    }
  };

  fitting("its weights do not fit", () => loadModel(checkpoint, model, file, "training"));
  // A checkpoint from before the first averaged epoch has none: that epoch starts it.
  if (average && state.weightAverage) {
    fitting("its averaged weights do not fit", () =>
      withTensors(parts.model, (tensors) => average.weights.loadState(tensors)),
    );
  }
  fitting("its optimiser's state does not fit", () =>
    withTensors(parts.optimizer, (tensors) => optimizer.loadState(tensors)),
  );
  fitting("its sums of the epoch do not fit", () =>
    withTensors(parts.statistics, (tensors) => noGrad(() => statistics.restore(state.statistics, tensors))),
  );
  fitting("its watched examples do not fit", () =>
    withTensors(parts.observed, (tensors) => drift?.restore(tensors)),
  );
  fitting("its method's state does not fit", () => method.restore(state.method.state));
  fitting(`its random numbers are not those of a generator on ${attackGenerator.device}`, () =>
    attackGenerator.restore(generator.bytes),
  );
}

/** SHA-256 (hexadecimal) of the weights that are trained. Waits for the device. */
export function trainedDigest({ model }: Pick<Trained, "model">): string {
  const hash = createHash("sha256");
  for (const [name, tensor] of model.stateDict()) hash.update(name).update(storeTensor(tensor).bytes);
  return hash.digest("hex");
}

/** Whether all weights and the optimiser's state are finite numbers. Waits for the device once. */
export function allFinite({ model, optimizer }: Pick<Trained, "model" | "optimizer">): boolean {
  const tensors = [...model.stateDict().values(), ...optimizer.state().values()];
  return (
    scope(() =>
      noGrad(() =>
        stack(tensors.map((tensor) => tensor.isFinite().all()))
          .all()
          .item(),
      ),
    ) === 1
  );
}
