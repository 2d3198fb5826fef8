// The part of a training step from batch to gradients: on a GPU recorded once, then repeated without JavaScript in between.
import type { Method, StepContext, StepResult, TrainingBatch, WholeBatch } from "../methods/index.js";
import { currentLevers, type ImageClassifier } from "../nn/index.js";
import {
  CudaGraph,
  type Generator,
  grad,
  keep,
  noGrad,
  scope,
  systemInfo,
  type Tensor,
} from "../tensor/index.js";

/** The result of a batch's step. */
export interface Step {
  /** It has no graph where the step was repeated from a recording. */
  readonly result: StepResult;
  /** In the order of the model's parameters; null for those that rest in this epoch. */
  readonly gradients: readonly (Tensor | null)[];
}

interface Recording extends Disposable {
  readonly graph: CudaGraph<unknown>;
  /** What the recorded work reads. */
  readonly batch: TrainingBatch;
  /** What it writes. */
  readonly step: Step;
}

/** Of each parameter, whether the optimiser leaves it alone; null: it leaves none alone. */
export type Resting = readonly boolean[] | null;

/** Whether the same parameters rest. */
function sameResting(one: Resting, other: Resting): boolean {
  const listed = (resting: Resting) => (resting ?? []).flatMap((rests, index) => (rests ? [index] : []));
  return String(listed(one)) === String(listed(other));
}

type Learner = {
  readonly model: ImageClassifier;
  readonly method: Method;
  readonly generator: Generator;
  /** How larger batches are split, whose parts its batches are. Default: null, they are whole. */
  readonly parts?: { readonly tailOver?: "part" | "batch"; readonly batchNorm?: "part" | "batch" } | null;
};

/**
 * Runs a method's steps. On a GPU a step of some shape runs by itself the first time, so that libraries choose and allocate
 * what they need, is recorded the second time, and from then on repeated for as long as the method does the same work
 * (`Method.steady`). Recordings own memory: dispose.
 */
export class StepRunner implements Disposable {
  readonly #learner: Learner;
  readonly #onTrouble: (message: string) => void;
  /** By the images' shape; "ready" was run by itself and can be recorded. */
  readonly #recordings = new Map<string, Recording | "ready">();
  #recordable: boolean;
  #averaged: StepContext["averaged"] = null;
  #resting: Resting = null;

  /** @param onTrouble called once, with a sentence, when steps cannot be recorded and therefore run one by one */
  constructor(learner: Learner, onTrouble: (message: string) => void) {
    this.#learner = learner;
    this.#onTrouble = onTrouble;
    const onGpu = learner.generator.device !== "cpu";
    // A recording cannot wait for other processes in its middle.
    const isOwn = learner.parts?.batchNorm !== "batch";
    this.#recordable = onGpu && isOwn && currentLevers().recordedSteps && systemInfo().cudaGraphs;
  }

  /**
   * Forgets recordings that a new epoch makes untrue. Called after the method's `beginEpoch`.
   * @param averaged what the epoch's steps find as `StepContext.averaged`
   * @param resting parameters whose gradients the epoch does not need
   */
  beginEpoch(averaged: StepContext["averaged"] = null, resting: Resting = null): void {
    const asBefore = sameResting(this.#resting, resting);
    this.#averaged = averaged;
    this.#resting = resting;
    if (!asBefore || this.#learner.method.steady !== "run") this.#forget();
  }

  /** What the epoch was begun with. */
  get resting(): Resting {
    return this.#resting;
  }

  /** The step's tensors pass to the caller's scope, or stay this object's and are overwritten by the next step. */
  run(batch: TrainingBatch): Step {
    if (!this.#recordable) return this.#runAlone(batch);
    const shape = `${batch.images.shape.join("x")}${batch.mixed ? " mixed" : ""}`;
    const known = this.#recordings.get(shape);
    if (known === undefined) {
      const step = this.#runAlone(batch);
      // A step that must be undone after the update cannot be recorded, nor one that goes on later.
      const { afterUpdate, perturbed, shared } = step.result;
      if (!afterUpdate && !perturbed && !shared) this.#recordings.set(shape, "ready");
      return step;
    }
    const recording = known === "ready" ? this.#record(shape, batch) : known;
    if (recording === null) return this.#runAlone(batch);
    noGrad(() => {
      const given = tensorsIn(batch);
      for (const [i, tensor] of tensorsIn(recording.batch).entries()) tensor.copy_(given[i]!);
    });
    recording.graph.replay();
    return recording.step;
  }

  /** The next stage of a step whose result asks for one: on weights that were moved, or with the whole batch. */
  runContinued({ result: { perturbed, shared } }: Step, whole: WholeBatch | null): Step {
    return this.#withGradients(shared ? shared.step(whole!) : perturbed!.step());
  }

  #runAlone(batch: TrainingBatch): Step {
    const { model, method, generator, parts = null } = this.#learner;
    const averaged = this.#averaged;
    const part = { isPart: parts !== null, tailOverBatch: parts?.tailOver === "batch" };
    return this.#withGradients(method.step(batch, { model, generator, averaged, ...part }));
  }

  #withGradients(result: StepResult): Step {
    if (result.shared) return { result, gradients: [] };
    const parameters = this.#learner.model.parameters();
    // Weights that rest are perturbed all the same, as they are where the batch is whole.
    const resting = result.perturbed ? null : this.#resting;
    const wanted = parameters.filter((_, index) => !resting?.[index]);
    const gradients = wanted.length > 0 ? grad(result.loss, wanted) : [];
    let next = 0;
    return {
      result,
      gradients: parameters.map((_, index) => (resting?.[index] ? null : gradients[next++]!)),
    };
  }

  #record(shape: string, given: TrainingBatch): Recording | null {
    const batch = scope(() => keptCopy(given));
    const { generator } = this.#learner;
    try {
      const graph = CudaGraph.capture(generator.device, () => this.#keptStep(batch), {
        generators: [generator],
        warmUps: 0,
      });
      const step = graph.result;
      const recording = {
        ...{ graph, batch, step },
        [Symbol.dispose]: () => {
          graph.dispose();
          for (const tensor of [...tensorsOf(step), ...tensorsIn(batch)]) tensor.dispose();
        },
      };
      this.#recordings.set(shape, recording);
      return recording;
    } catch (cause) {
      for (const tensor of tensorsIn(batch)) tensor.dispose();
      this.#recordable = false;
      this.#forget();
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#onTrouble(
        `The training step cannot be recorded on ${generator.device}, so each step is run anew, which may be slower: ${why}`,
      );
      return null;
    }
  }

  #keptStep(batch: TrainingBatch): Step {
    return scope(() => {
      const { result, gradients } = this.#runAlone(batch);
      // With its graph the loss would hold every feature map.
      const step = { result: { ...result, loss: result.loss.detach() }, gradients };
      for (const tensor of tensorsOf(step)) keep(tensor);
      return step;
    });
  }

  #forget(): void {
    for (const recording of this.#recordings.values()) if (recording !== "ready") recording[Symbol.dispose]();
    this.#recordings.clear();
  }

  [Symbol.dispose](): void {
    this.#forget();
  }
}

/** Always in the same order. */
function tensorsIn({ images, labels, mixed }: TrainingBatch): Tensor[] {
  return [images, labels, ...(mixed ? [mixed.labels, mixed.share] : [])];
}

function keptCopy({ images, labels, mixed }: TrainingBatch): TrainingBatch {
  const copy = (tensor: Tensor) => keep(tensor.clone());
  return {
    ...{ images: copy(images), labels: copy(labels) },
    ...(mixed && { mixed: { labels: copy(mixed.labels), share: copy(mixed.share) } }),
  };
}

function tensorsOf({ result, gradients }: Step): Tensor[] {
  const { loss, adversarialLogits, cleanLogits, terms } = result;
  const logits = [adversarialLogits, cleanLogits].flatMap((each) => each ?? []);
  return [loss, ...logits, ...Object.values(terms), ...gradients.filter((gradient) => gradient !== null)];
}
