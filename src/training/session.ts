// One process's share of a run: the loop over epochs and batches, events, measurement, checkpoints.
import { setImmediate as nextTurn } from "node:timers/promises";
import { ReatError } from "../errors.js";
import { scope, type Tensor } from "../tensor/index.js";
import { writeCheckpoint } from "./checkpoint.js";
import type { TrainedSoFar } from "./checkpoint-state.js";
import type { Log } from "./event-log.js";
import type { BestSoFar, RunEvent, Selection, WarningEvent } from "./events.js";
import type { ExampleDrift } from "./example-drift.js";
import type { TrainingOptions, TrainingOutcome } from "./options.js";
import { Pace } from "./pace.js";
import { averagedNow, setRates, updateAverage } from "./rates.js";
import { type Step, StepRunner } from "./recorded-step.js";
import { isBetter, isMeasured, measurementsAfter } from "./selection.js";
import { diverged, failed } from "./session-failures.js";
import { ShardedSteps } from "./sharded-step.js";
import { allFinite, isAveraged, takeSnapshot, trainedDigest } from "./snapshot.js";
import { type EpochStatistics, meansBetween, noTotals, type Totals } from "./statistics.js";

/** See `train`; `run` is called once. */
export class Session {
  #epoch: number;
  #batch: number;
  #step: number;
  #measuring: boolean;
  #logged: Totals;
  #best: BestSoFar | null;
  #last: BestSoFar | null;
  /** Seconds before this session. */
  readonly #earlier: number;
  readonly #began = performance.now();
  #epochEarlier: number;
  #epochBegan = performance.now();
  #loggedAt = performance.now();
  #savedAt = performance.now();
  readonly #pace: Pace;
  readonly #steps: StepRunner;
  /** Where batches are split into parts. */
  readonly #sharded: ShardedSteps | null;
  /** What ends the run early: with other processes, after the same batch as theirs. */
  readonly #signal: AbortSignal | undefined;
  /** A GPU keeps working while the next batch is prepared, so a batch's duration is known only where values are read back. */
  readonly #pacedWhenRead: boolean;
  #unpaced = { images: 0, batches: 0 };

  constructor(
    readonly options: TrainingOptions,
    readonly selection: Selection,
    readonly statistics: EpochStatistics,
    readonly drift: ExampleDrift | null,
    readonly log: Log,
    from: TrainedSoFar,
    /** Warnings to log before anything else. */
    readonly warnings: readonly Omit<WarningEvent, "type">[] = [],
  ) {
    this.#epoch = from.epoch;
    this.#batch = from.batch;
    this.#step = from.step;
    this.#measuring = from.measuring;
    this.#logged = from.logged;
    this.#best = from.best;
    this.#last = from.last;
    this.#earlier = from.seconds.run;
    this.#epochEarlier = from.seconds.epoch;
    const { epochs, batchesPerEpoch, evaluation } = options;
    this.#pace = new Pace({
      ...{ epochs, batchesPerEpoch },
      measurementsAfter: (epoch) => measurementsAfter(epoch, epochs, evaluation),
    });
    const { model, method, attackGenerator: generator, shards = null, team = null } = options;
    this.#pacedWhenRead = generator.device !== "cpu";
    const isPart = shards !== null && shards.count > 1;
    this.#steps = new StepRunner({ model, method, generator, parts: isPart ? shards : null }, (message) =>
      this.#emit({ type: "warning", name: "steps-not-recorded", message }),
    );
    this.#sharded = isPart ? new ShardedSteps(this.#steps, { model, generator }, shards, team) : null;
    this.#signal = team?.signal ?? options.signal;
  }

  async run(): Promise<TrainingOutcome> {
    using _steps = this.#steps;
    try {
      return await this.#epochs();
    } catch (cause) {
      // A GPU's failure shows where it is next waited for: where figures are read, a checkpoint is taken, or in a measurement.
      throw failed(cause, this.options, { ...this.#at(0), place: "after batch" });
    }
  }

  async #epochs(): Promise<TrainingOutcome> {
    const { epochs, evaluation, checkpointEvery } = this.options;
    this.#announce();
    while (this.#epoch <= epochs) {
      if (!this.#measuring) {
        if (await this.#trainEpoch()) return this.#stop();
        this.#measuring = true;
      }
      const epoch = this.#epoch;
      const due = epoch % (checkpointEvery?.epochs ?? 1) === 0 || epoch === epochs;
      if (isMeasured(epoch, epochs, evaluation)) {
        // A measurement can take longer than the epoch, so a kill during it must not lose the epoch.
        if (due) await this.#save();
        if (await this.#measure()) return this.#stop();
      }
      this.#epoch += 1;
      this.#batch = 0;
      this.#measuring = false;
      this.#epochEarlier = 0;
      this.#epochBegan = performance.now();
      this.#logged = noTotals;
      this.statistics.reset();
      if (due) await this.#save();
    }
    this.#emit({ type: "end", seconds: this.#seconds(), best: this.#best });
    this.log.flush();
    return this.#outcome(false);
  }

  #announce(): void {
    const { epochs, batchesPerEpoch, seeds, method } = this.options;
    const resumedFrom = this.#step > 0 ? { epoch: this.#epoch, batch: this.#batch } : null;
    const time = new Date().toISOString();
    this.#emit({ type: "start", time, epochs, batchesPerEpoch, resumedFrom, seeds });
    const warnings = [...this.warnings, ...(resumedFrom ? [] : method.warnings)];
    for (const { name, message } of warnings) this.#emit({ type: "warning", name, message });
  }

  /** The rest of the epoch's batches. @returns whether the signal ended it */
  async #trainEpoch(): Promise<boolean> {
    const { model, average, method, optimizer, batches, batchesPerEpoch } = this.options;
    const epoch = this.#epoch;
    this.#epochBegan = this.#loggedAt = performance.now();
    const record = method.beginEpoch(epoch);
    this.#steps.beginEpoch(averagedNow(this.options, epoch), optimizer.resting?.(epoch));
    const plan = batches(epoch);
    if (plan.count !== batchesPerEpoch) {
      throw new ReatError(
        "data",
        `Epoch ${epoch} has ${plan.count} batches, but every epoch must have ${batchesPerEpoch}.`,
      );
    }
    if (average?.from === epoch && this.#batch === 0) average.weights.reset();
    model.setMode("train");
    while (this.#batch < plan.count) {
      if (this.#signal?.aborted) return true;
      setRates(this.options, epoch, this.#batch);
      await this.#trainBatch(plan);
      const { logEvery = 10, onProgress } = this.options;
      if (this.#batch % logEvery === 0 || this.#batch === plan.count) this.#logBatches();
      onProgress?.(this.#pace.progress(epoch, this.#batch));
      await nextTurn();
      if (this.#batch < plan.count && this.#checkpointIsDue()) await this.#save();
    }
    this.#requireFinite();
    const { team } = this.options;
    await team?.requireSame(trainedDigest(this.options), `weights after epoch ${epoch}`);
    const { loss, adversarialAccuracy, terms } = meansBetween(noTotals, this.#readTotals());
    this.#emit({
      type: "epoch",
      ...{ epoch, seconds: this.#epochSeconds(), loss },
      learningRate: optimizer.learningRate,
      adversarialAccuracy,
      predictedCounts: this.statistics.predicted(),
      ...(this.drift && { exampleDistances: this.drift.measure() }),
      terms,
      method: record,
    });
    return false;
  }

  async #trainBatch(plan: ReturnType<TrainingOptions["batches"]>): Promise<void> {
    const began = performance.now();
    let images = 0;
    try {
      if (this.#sharded) {
        const place = { epoch: this.#epoch, batch: this.#batch };
        images = await this.#sharded.run(
          place,
          () => plan.batch(place.batch),
          (step, labels) => {
            this.options.method.observe?.(step.result, labels);
            this.#update(step, labels);
          },
        );
      } else {
        scope(() => {
          const batch = plan.batch(this.#batch);
          images = batch.labels.shape[0]!;
          this.#update(this.#steps.run(batch), batch.labels);
        });
      }
    } catch (cause) {
      if (cause instanceof ReatError && cause.code === "numerics") {
        throw diverged(cause.message.replace(/\.$/, ""), this.options, this.#at(1), cause);
      }
      throw failed(cause, this.options, { ...this.#at(1), batchSize: images });
    }
    this.#batch += 1;
    this.#step += 1;
    if (this.#pacedWhenRead) {
      this.#unpaced = { images: this.#unpaced.images + images, batches: this.#unpaced.batches + 1 };
    } else this.#pace.batch(images, (performance.now() - began) / 1000);
  }

  #update({ result, gradients }: Step, labels: Tensor): void {
    this.options.optimizer.step(gradients);
    result.afterUpdate?.();
    updateAverage(this.options, this.#epoch, this.#step);
    this.statistics.add(result, labels);
  }

  #logBatches(): void {
    const now = this.#readTotals();
    const { images, loss, adversarialAccuracy, terms } = meansBetween(this.#logged, now);
    const seconds = Math.max((performance.now() - this.#loggedAt) / 1000, 1e-9);
    const imagesPerSecond = images / seconds;
    const { batches } = this.#unpaced;
    if (batches > 0) this.#pace.batch(this.#unpaced.images / batches, seconds / batches);
    this.#unpaced = { images: 0, batches: 0 };
    const { learningRate } = this.options.optimizer;
    const means = { loss, adversarialAccuracy, learningRate, imagesPerSecond, terms };
    this.#emit({ type: "batch", ...this.#at(0), step: this.#step, ...means });
    this.#pace.means(loss, adversarialAccuracy);
    this.#logged = now;
    this.#loggedAt = performance.now();
  }

  /** @returns whether the signal ended it */
  async #measure(): Promise<boolean> {
    const { evaluation, model, average, onProgress, run } = this.options;
    const signal = this.#signal;
    const { split, attack } = evaluation!;
    const epoch = this.#epoch;
    if (signal?.aborted) return true;
    this.#pace.measurementBegins();
    const began = performance.now();
    const averaged = average && isAveraged(average, this.#progress()) ? average : null;
    const measure = () =>
      evaluation!.run({
        epoch,
        signal,
        onProgress: (progress) => onProgress?.(this.#pace.progress(epoch, this.#batch, progress)),
      });
    let measured: Awaited<ReturnType<typeof measure>>;
    try {
      measured = await (averaged ? averaged.weights.during(measure) : measure());
    } catch (cause) {
      if (signal?.aborted) return true;
      throw cause;
    } finally {
      model.setMode("train");
    }
    const { clean, robust } = measured;
    const seconds = (performance.now() - began) / 1000;
    this.#pace.measurementEnds(clean.accuracy, robust.accuracy);
    const weights = averaged && ({ weights: "averaged" } as const);
    this.#emit({ type: "evaluation", epoch, split, attack, ...weights, clean, robust, seconds });
    this.#last = { epoch, robust: robust.accuracy };
    if (this.selection !== "last" && isBetter(this.#last, this.#best)) {
      this.#best = this.#last;
      await this.#save(run.bestCheckpoint);
      this.#emit({ type: "best", epoch, split, robust: robust.accuracy });
    }
    return false;
  }

  async #stop(): Promise<TrainingOutcome> {
    await this.#save();
    const reason = String(this.#signal?.reason?.message ?? this.#signal?.reason ?? "stopped");
    this.#emit({ type: "stopped", epoch: this.#epoch, batch: this.#batch, reason });
    this.log.flush();
    return this.#outcome(true);
  }

  /** @throws ReatError `numerics` instead of saving what cannot be continued, `disk` */
  async #save(file = this.options.run.lastCheckpoint): Promise<void> {
    this.#requireFinite();
    this.#savedAt = performance.now();
    if (this.options.team?.leads === false) return;
    this.log.flush();
    await writeCheckpoint(file, takeSnapshot(this.options, this.statistics, this.drift, this.#progress()));
    this.#savedAt = performance.now();
  }

  #checkpointIsDue(): boolean {
    const { batches, seconds } = this.options.checkpointEvery ?? {};
    if (batches !== undefined && this.#batch % batches === 0) return true;
    return seconds !== undefined && performance.now() - this.#savedAt >= seconds * 1000;
  }

  #readTotals(): Totals {
    const totals = this.statistics.totals();
    if (totals.finiteBatches < totals.batches) {
      const failure = { epoch: this.#epoch, batch: totals.finiteBatches + 1 };
      throw diverged("the loss became NaN or infinite", this.options, failure);
    }
    return totals;
  }

  #requireFinite(): void {
    this.#readTotals();
    if (allFinite(this.options)) return;
    throw diverged("a weight became NaN or infinite", this.options, this.#at(0));
  }

  #at(next: 0 | 1) {
    return { epoch: this.#epoch, batch: this.#batch + next };
  }

  #progress(): TrainedSoFar {
    return {
      epoch: this.#epoch,
      batch: this.#batch,
      step: this.#step,
      measuring: this.#measuring,
      seconds: { run: this.#seconds(), epoch: this.#epochSeconds() },
      logged: this.#logged,
      best: this.#best,
      last: this.#last,
      logLength: this.log.length,
    };
  }

  #outcome(stopped: boolean): TrainingOutcome {
    const { epochs, batchesPerEpoch } = this.options;
    const done = this.#epoch > epochs;
    return {
      stopped,
      epoch: done ? epochs : this.#epoch,
      batch: done ? batchesPerEpoch : this.#batch,
      best: this.#best,
      last: this.#last,
      seconds: this.#seconds(),
    };
  }

  #seconds(): number {
    return this.#earlier + (performance.now() - this.#began) / 1000;
  }

  #epochSeconds(): number {
    return this.#epochEarlier + (performance.now() - this.#epochBegan) / 1000;
  }

  #emit(event: RunEvent): void {
    this.log.append(event);
    this.options.reporter?.(event);
  }
}
