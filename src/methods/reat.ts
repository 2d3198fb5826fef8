// REAT (Li et al. 2023, arXiv 2307.10205): re-balanced adversarial examples, balanced loss, tail features kept apart.
import { z } from "zod";
import type { Attack } from "../attacks/index.js";
import { ReatError } from "../errors.js";
import { rblWeights, rebalancedLoss, recognitionLoss, tailRegulariser } from "../losses/index.js";
import { scope } from "../tensor/index.js";
import type { Method, MethodSetup, MethodState, StepContext, StepResult, TrainingBatch } from "./method.js";
import { PredictionCounter } from "./prediction-counter.js";
import { type ReatOptions, reatWarnings } from "./reat-options.js";
import { readState } from "./state.js";
import { craft, trainingAttack } from "./training-attack.js";

/**
 * Symbols: n_k `classCounts`; m_k `predictedCounts`, the adversarial examples predicted as class k during the epoch
 * before (n_k in the first); ω_k `rblWeights`. An epoch's examples maximise L_RBL under its ω (section 4.1); the
 * model minimises BSL(z_adv) + TAIL(f_adv) on them (section 4.2).
 */
export class Reat implements Method {
  readonly name = "reat";
  readonly warnings;
  readonly #options: ReatOptions;
  readonly #classCounts: readonly number[];
  readonly #recognition;
  readonly #tail;
  readonly #predictions: PredictionCounter;
  #epoch = 0;
  #predictedCounts: readonly number[];
  #rblWeights: readonly number[] = [];
  #attack: Attack | undefined;

  constructor(options: ReatOptions, { classCounts, device }: MethodSetup) {
    this.warnings = reatWarnings(options);
    this.#options = options;
    this.#classCounts = classCounts;
    this.#recognition = recognitionLoss(options.loss, classCounts);
    this.#tail = options.tail.enabled ? tailRegulariser(classCounts, options.tail) : null;
    this.#predictions = new PredictionCounter(classCounts.length, device);
    this.#predictedCounts = classCounts;
  }

  beginEpoch(epoch: number): Readonly<Record<string, unknown>> {
    if (epoch !== this.#epoch) {
      if (this.#epoch > 0) this.#predictedCounts = this.#predictions.read();
      this.#predictions.reset();
      this.#epoch = epoch;
      this.#rebalance();
    }
    if (!this.#options.rbl.enabled) return { predictedCounts: this.#predictedCounts };
    // A class that was never predicted has E_k = 0: next to it, all other weights all but vanish.
    const neverPredicted = this.#predictedCounts.flatMap((count, label) => (count === 0 ? [label] : []));
    return { predictedCounts: this.#predictedCounts, rblWeights: this.#rblWeights, neverPredicted };
  }

  #rebalance(): void {
    const { attack, rbl } = this.#options;
    this.#rblWeights = rblWeights(this.#classCounts, this.#predictedCounts, rbl.rounding);
    const objective = rbl.enabled
      ? rebalancedLoss(this.#rblWeights, { form: rbl.form, tau: rbl.tau, reduction: "none" })
      : recognitionLoss("ce", this.#classCounts, "none");
    this.#attack = trainingAttack(attack, objective);
  }

  step(batch: TrainingBatch, context: StepContext): StepResult {
    const attack = this.#attack;
    if (!attack) throw new ReatError("usage", "REAT's beginEpoch must be called before its first step");
    return scope(() => {
      const { model } = context;
      const adversarial = craft(attack, this.#options.attack.batchNorm, batch, context);
      const { features, logits } = model.withMode("train", () => {
        const features = model.features(adversarial);
        return { features, logits: model.classify(features) };
      });
      const adversarialLogits = logits.detach();
      this.#predictions.add(adversarialLogits);

      const recognition = this.#recognition(logits, batch.labels);
      const terms = { recognition: recognition.detach() };
      if (!this.#tail) return { loss: recognition, adversarialLogits, terms };
      const tail = this.#tail(features, batch.labels);
      return { loss: recognition.add(tail), adversarialLogits, terms: { ...terms, tail: tail.detach() } };
    });
  }

  state(): MethodState {
    const [epoch, predictedCounts] = [this.#epoch, this.#predictedCounts];
    return { epoch, predictedCounts, countsSoFar: this.#predictions.read() };
  }

  restore(state: MethodState): void {
    const counts = z.array(z.int().min(0)).length(this.#classCounts.length);
    const schema = z.strictObject({ epoch: z.int().min(0), predictedCounts: counts, countsSoFar: counts });
    const { epoch, predictedCounts, countsSoFar } = readState(this.name, schema, state);
    this.#epoch = epoch;
    this.#predictedCounts = predictedCounts;
    this.#predictions.reset(countsSoFar);
    if (epoch > 0) this.#rebalance();
  }

  dispose(): void {
    this.#predictions.dispose();
  }
}
