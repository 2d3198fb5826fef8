// A training step in parts: each part of a batch has noise and batch statistics of its own, and processes share the parts.
import { mixSeed } from "../data/index.js";
import { ReatError } from "../errors.js";
import { moveWeights, type StepResult, type TrainingBatch } from "../methods/index.js";
import { type ImageClassifier, withSharedStatistics } from "../nn/index.js";
import {
  cat,
  type Device,
  full,
  type Generator,
  type Held,
  held,
  keep,
  noGrad,
  type ProcessTeam,
  scope,
  stack,
  type Tensor,
} from "../tensor/index.js";
import { addUp, Layout, partOf, placed, type Range, sliceOf } from "./part-layout.js";
import type { Step, StepRunner } from "./recorded-step.js";

/** How a batch is split. What a run computes depends on these alone, not on how many processes work on it. */
export interface Shards {
  /** Parts of each batch, at least 1; with 1 a step is as without. */
  readonly count: number;
  /**
   * How the parts' gradients are added. "ordered": in the order of the parts, the same bits for any number of processes; "fast": in an
   * order of Gloo's or NCCL's own, with less to send.
   */
  readonly reduction: "ordered" | "fast";
  /** Of the parts' noise. */
  readonly seed: number;
  /** The images that REAT's TAIL compares with each other. Default: "part". */
  readonly tailOver?: "part" | "batch";
  /** The images whose statistics batch normalisation takes; with "batch" each part needs a process of its own. Default: "part". */
  readonly batchNorm?: "part" | "batch";
}

const logitsNames = ["adversarialLogits", "cleanLogits"] as const;
type LogitsName = (typeof logitsNames)[number];

const logitsIn = (result: StepResult): LogitsName[] => logitsNames.filter((name) => result[name]);

/** A part's row, see {@link Layout}, and how it is read. */
interface Told {
  readonly row: Tensor;
  readonly termNames: readonly string[];
  /** Which logits it holds. */
  readonly kinds: readonly LogitsName[];
}

/** A part whose step is done, or is to go on with moved weights or with the whole batch. */
interface Part extends Partial<Told> {
  readonly part: number;
  readonly range: Range;
  /** What came of it so far, the last of which tells how it goes on; absent where it is done. */
  readonly stages?: readonly Held<Step>[];
  /** What all need to go on: the gradient that weights are moved along, weighted by the part's images, or the rows of its images. */
  readonly sent?: Tensor;
}

interface Begun {
  readonly labels: Tensor;
  /** Buffers of the model with what was in them before the batch. */
  readonly before: Buffers;
  readonly parts: readonly Part[];
}

type Buffers = readonly (readonly [buffer: Tensor, value: Tensor])[];

/** Where a step stands in the run; epoch from 1, batch from 0. */
interface Place {
  readonly epoch: number;
  readonly batch: number;
}

/**
 * Runs steps in parts. A part's step starts from the same weights and running statistics as every other's, with noise from (seed, epoch,
 * batch, part). The results are means weighted by the parts' images: of gradients, losses, and running statistics.
 */
export class ShardedSteps {
  #layout: Layout;
  /** Where the parts' rows are added and exchanged. */
  #carrier: Device;
  #carrierIsKnown = false;

  constructor(
    readonly steps: StepRunner,
    readonly learner: { readonly model: ImageClassifier; readonly generator: Generator },
    readonly shards: Shards,
    readonly team: ProcessTeam | null,
  ) {
    this.#layout = new Layout(learner.model, null);
    this.#carrier = learner.model.parameters()[0]!.device;
  }

  /**
   * Makes the batch's step over all processes and hands it to `update`, all in scopes of its own.
   * @returns images of the batch
   * @throws ReatError as the method's step, `data` for a batch with fewer images than parts, `environment` where a process is lost
   */
  async run(
    place: Place,
    makeBatch: () => TrainingBatch,
    update: (step: Step, labels: Tensor) => void,
  ): Promise<number> {
    if (this.team && !this.#carrierIsKnown) this.#carrier = await this.team.group.carrierOf(this.#carrier);
    this.#carrierIsKnown = true;
    const { resting } = this.steps;
    if (resting !== this.#layout.resting) this.#layout = new Layout(this.learner.model, resting);
    const begun = await this.#inStep(() => this.#begin(place, makeBatch));
    using _begun = begun;
    const { labels } = begun.value;
    let { parts } = begun.value;
    let restore: (() => void) | null = null;
    for (let stage = 1; parts[0]!.stages; stage++) {
      restore = (await this.#moveWeights(parts)) ?? restore;
      using whole = await this.#wholeBatch(parts, labels);
      const [before, rows] = [parts, whole];
      parts = await this.#inStep(() => this.#goOn({ ...place, stage }, begun.value, before, rows));
    }
    // Where the stream stands must not depend on the number of processes: it is part of the checkpoint.
    this.learner.generator.reseed(mixSeed(this.shards.seed, place.epoch, place.batch));
    const told = parts as readonly (Part & Told)[];
    const { termNames, kinds } = told[0]!;
    using sum = await this.#reduce(told.map(({ row }) => row));
    const images = labels.shape[0]!;
    scope(() => {
      const read = this.#layout.read(sum);
      const { tail } = read;
      this.team?.hear(tail.select(0, 0).item());
      noGrad(() => {
        for (const [buffer, value] of read.buffers) buffer.copy_(value);
      });
      const terms = Object.fromEntries(termNames.map((name, i) => [name, tail.select(0, 2 + i)]));
      const { classes } = this.learner.model;
      const logits = kinds.map((_, at) => {
        const from = 2 + termNames.length + at * images * classes;
        return tail.slice(0, from, from + images * classes).reshape([images, classes]);
      });
      const result: StepResult = {
        loss: tail.select(0, 1),
        adversarialLogits: null,
        ...Object.fromEntries(kinds.map((kind, at) => [kind, logits[at]!])),
        terms,
        ...(restore && { afterUpdate: restore }),
      };
      update({ result, gradients: read.gradients }, labels);
    });
    return images;
  }

  /** Passes of this process's parts, beside those of the others where they normalise together. */
  async #inStep<T>(passes: () => T): Promise<T> {
    const group = this.shards.batchNorm === "batch" ? (this.team?.group ?? null) : null;
    try {
      return withSharedStatistics(group, passes);
    } catch (cause) {
      throw group ? await group.failureOf(cause) : cause;
    }
  }

  /** The batch and this process's parts of it: their steps, or the first stages of those that go on. */
  #begin(place: Place, makeBatch: () => TrainingBatch): Held<Begun> {
    const { model, generator } = this.learner;
    const { count, seed } = this.shards;
    const [rank, size] = [this.team?.rank ?? 0, this.team?.size ?? 1];
    return held(() => {
      const batch = makeBatch();
      const images = batch.labels.shape[0]!;
      if (images < count) {
        throw new ReatError(
          "data",
          `Batch ${place.batch + 1} has ${images} images, too few for training.shards ${count}; accepted: at most as many parts as the last batch has images, or training.dropLast: true.`,
        );
      }
      const before = [...model.namedBuffers().values()].map((buffer) => [buffer, buffer.clone()] as const);
      const parts: Part[] = [];
      for (let part = partOf(rank, size, count); part < partOf(rank + 1, size, count); part++) {
        const range = [partOf(part, count, images), partOf(part + 1, count, images), images] as const;
        generator.reseed(mixSeed(seed, place.epoch, place.batch, part));
        restoreBuffers(before);
        const step = held(() => this.steps.run(sliceOf(batch, range[0], range[1])));
        parts.push(this.#cameTo(part, range, [step]));
      }
      return { labels: batch.labels.clone(), before, parts };
    });
  }

  /** A part after a stage. What came before is freed where it is done. */
  #cameTo(part: number, range: Range, stages: readonly Held<Step>[]): Part {
    const step = stages.at(-1)!.value;
    const { perturbed, shared } = step.result;
    if (perturbed || shared) {
      const values = () =>
        shared ? placed(shared.rows, range) : this.#weighted(present(step.gradients), range);
      const sent = scope(() => noGrad(() => keep(values().to(this.#carrier))));
      return { part, range, stages, sent };
    }
    const told = this.#told(step, range);
    for (const stage of stages) stage[Symbol.dispose]();
    return { part, range, ...told };
  }

  /** Moves the weights along the whole batch's gradient, where the steps ask for it. @returns what moves them back */
  async #moveWeights(parts: readonly Part[]): Promise<(() => void) | null> {
    const perturbed = parts[0]?.stages?.at(-1)?.value.result.perturbed;
    if (!perturbed) return null;
    using sum = await this.#reduce(parts.map(({ sent }) => sent!));
    return scope(() => moveWeights(this.learner.model, perturbed.gamma, this.#layout.readGradients(sum)));
  }

  /** What the parts share of their images, where the steps ask for it: rows [N, D]. */
  async #wholeBatch(parts: readonly Part[], labels: Tensor): Promise<Tensor | null> {
    const shared = parts[0]?.stages?.at(-1)?.value.result.shared;
    if (!shared) return null;
    using sum = await this.#reduce(parts.map(({ sent }) => sent!));
    const { device, dtype, shape } = shared.rows;
    return keep(
      scope(() =>
        sum
          .to(device)
          .to(dtype)
          .reshape([labels.shape[0]!, ...shape.slice(1)]),
      ),
    );
  }

  /** The next stage of each part. */
  #goOn(
    { epoch, batch, stage }: Place & { readonly stage: number },
    { before, labels }: Begun,
    parts: readonly Part[],
    rows: Tensor | null,
  ): Part[] {
    return parts.map(({ part, range, stages = [] }) => {
      this.learner.generator.reseed(mixSeed(this.shards.seed, epoch, batch, part, stage));
      restoreBuffers(before);
      const whole = rows && { rows, labels, from: range[0] };
      const next = held(() => this.steps.runContinued(stages.at(-1)!.value, whole));
      return this.#cameTo(part, range, [...stages, next]);
    });
  }

  #told(step: Step, range: Range): Told {
    const { terms } = step.result;
    const row = scope(() => noGrad(() => keep(this.#row(step, range))));
    return { row, termNames: Object.keys(terms), kinds: logitsIn(step.result) };
  }

  #weighted(tensors: readonly Tensor[], [from, to, images]: Range): Tensor {
    return cat(tensors.map((tensor) => tensor.detach().flatten().to("float32"))).mul((to - from) / images);
  }

  #row({ result, gradients }: Step, range: Range): Tensor {
    const [from, , images] = range;
    const { loss, terms, afterUpdate } = result;
    if (afterUpdate) {
      afterUpdate();
      throw new ReatError(
        "config",
        "The method undoes something after each update, which it cannot do for a part of a batch; accepted with it: training.shards 1.",
      );
    }
    const weighted = [...present(gradients), ...this.#layout.buffers, loss.detach(), ...Object.values(terms)];
    const device = loss.device;
    const values = this.#weighted(weighted, range);
    const at = this.#layout.length;
    const asked = full([1], this.#isFirst(from, images) ? (this.team?.asked ?? 0) : 0, { device });
    const logits = logitsIn(result).map((name) => placed(result[name]!, range));
    const tail = [asked, values.slice(0, at, values.shape[0]!), ...logits];
    return cat([values.slice(0, 0, at), ...tail]).to(this.#carrier);
  }

  /** Whether a part that begins at an image is the first of its process, whose row tells of being asked to stop. */
  #isFirst(from: number, images: number): boolean {
    const first = partOf(this.team?.rank ?? 0, this.team?.size ?? 1, this.shards.count);
    return partOf(first, this.shards.count, images) === from;
  }

  /** The sum over all parts, kept. Frees the rows. */
  async #reduce(rows: readonly Tensor[]): Promise<Tensor> {
    const { team } = this;
    const { count, reduction } = this.shards;
    try {
      if (!team || reduction === "fast") {
        const sum = keep(addUp(rows));
        await team?.group.allReduce(sum);
        return sum;
      }
      const most = Math.ceil(count / team.size);
      using own = keep(
        scope(() => {
          const padding = Array.from({ length: most - rows.length }, () => rows[0]!);
          return stack([...rows, ...padding]);
        }),
      );
      using all = await team.group.allGather(own);
      return keep(
        scope(() => {
          const ordered: Tensor[] = [];
          for (let rank = 0; rank < team.size; rank++) {
            const parts = partOf(rank + 1, team.size, count) - partOf(rank, team.size, count);
            const theirs = all.select(0, rank);
            for (let i = 0; i < parts; i++) ordered.push(theirs.select(0, i));
          }
          return addUp(ordered);
        }),
      );
    } finally {
      for (const row of rows) row.dispose();
    }
  }
}

function present(gradients: Step["gradients"]): Tensor[] {
  return gradients.filter((gradient) => gradient !== null);
}

function restoreBuffers(before: Buffers): void {
  noGrad(() => {
    for (const [buffer, value] of before) buffer.copy_(value);
  });
}
