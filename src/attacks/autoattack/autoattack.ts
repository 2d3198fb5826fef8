// AutoAttack (Croce and Hein 2020): an ensemble in which every attack works on the images that still stand.
import { createHash } from "node:crypto";
import { Generator, keep, noGrad, scope, type Tensor, tensor } from "../../tensor/index.js";
import { requireImages, requireLogits, requireWhole } from "../attack-input.js";
import type { Classifier } from "../classifier.js";
import { type BallName, requireBall } from "../geometry/index.js";
import type { AttackProgress, AttackWarning } from "../observer.js";
import { logitsPass } from "../passes.js";
import {
  constantsHash,
  type EnsembleConstants,
  type EnsembleVersion,
  ensembleConstants,
} from "./constants.js";
import { ensembleAttack } from "./members.js";
import {
  checkClasses,
  checkInference,
  checkRandomness,
  checkRange,
  checkSquare,
  requireClasses,
} from "./model-checks.js";
import { type AttackOutcome, type AutoAttackState, requireSameRun } from "./state.js";
import { type AdversarialVerification, verifyAdversarial } from "./verification.js";

/** What AutoAttack is run with: norm, radius, seed, and how far a stopped run had come. */
export interface AutoAttackOptions {
  readonly model: Classifier;
  /** [N, channels, height, width] in [0, 1], and int64 [N]. */
  readonly images: Tensor;
  readonly labels: Tensor;
  readonly norm: BallName;
  /** Radius of the ball, > 0. */
  readonly epsilon: number;
  /** Default: "standard". */
  readonly version?: EnsembleVersion;
  /** Every batch of every attack draws from a stream of its own that this seed decides. Default: 0. */
  readonly seed?: number;
  /** Images attacked together; between batches the run yields, can be stopped, and reports its state. Default: 250. */
  readonly batchSize?: number;
  /** Go on from a state that `onState` gave; `adversarial` are the images saved with it. */
  readonly resume?: { readonly state: AutoAttackState; readonly adversarial: Tensor };
  readonly onProgress?: (progress: AttackProgress) => void;
  readonly onOutcome?: (outcome: AttackOutcome) => void;
  readonly onWarning?: (warning: AttackWarning) => void;
  /** Called after each batch with what to save; the tensor is the run's own and lives on. May be asynchronous. */
  readonly onState?: (state: AutoAttackState, adversarial: Tensor) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

/** What a run found. Accuracies are fractions. */
export interface AutoAttackResult {
  /** "standard", "torchattacks-3.5" …, or "custom". */
  readonly version: string;
  readonly constants: EnsembleConstants;
  readonly constantsHash: string;
  readonly norm: BallName;
  readonly epsilon: number;
  readonly seed: number;
  readonly cleanAccuracy: number;
  /** Accuracy on the saved adversarial images, as the verification measured it. */
  readonly robustAccuracy: number;
  /** One character per image, "1" where it stands. */
  readonly robust: string;
  readonly outcomes: readonly AttackOutcome[];
  /** One image for each given image: the adversarial one, or the clean one where no attack fooled the model. The caller owns the tensor. */
  readonly adversarial: Tensor;
  readonly verification: AdversarialVerification;
  readonly warnings: readonly AttackWarning[];
}

const text = (flags: readonly boolean[]) => flags.map(Number).join("");
const standingOf = (flags: readonly boolean[]) => flags.flatMap((flag, i) => (flag ? [i] : []));

/** Seeds that no two batches share, and that do not depend on what came before: a resumed run draws the same numbers. */
function batchSeed(seed: number, attack: string, place: number, from: number): number {
  return createHash("sha256").update(`${seed}/${place}/${attack}/${from}`).digest().readUIntBE(0, 6);
}

/**
 * Runs the ensemble, checks the model first and the saved images last. Batches yield to the event loop.
 * @throws ReatError `config`, `data` or `numerics` for impossible constants, images, labels or logits; `checkpoint` for a
 * state of another run; the signal's reason when stopped (the last state given to `onState` continues the run)
 */
export async function autoAttack(options: AutoAttackOptions): Promise<AutoAttackResult> {
  const { model, images, labels, norm, epsilon, version = "standard", seed = 0 } = options;
  const { batchSize = 250, onProgress, resume } = options;
  const name = typeof version === "string" ? version : "custom";
  requireBall(`AutoAttack ${name}`, norm, epsilon);
  requireWhole(`AutoAttack ${name}`, "batchSize", batchSize);
  requireImages(`AutoAttack ${name}`, images, labels);
  const constants = ensembleConstants(version, norm);
  const hash = constantsHash(constants);
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([hash, norm, epsilon, seed, batchSize]))
    .digest("hex")
    .slice(0, 16);
  const count = images.shape[0]!;
  if (resume) requireSameRun(resume.state, fingerprint, count);

  const warnings = new Map<string, AttackWarning>();
  const warn = (warning: AttackWarning) => {
    const known = warnings.has(warning.name + warning.message);
    warnings.set(warning.name + warning.message, warning);
    if (!known) options.onWarning?.(warning);
  };
  const { correct, classes } = scope(() => {
    const logits = logitsPass(model, images);
    requireLogits(`AutoAttack ${name}`, logits, labels);
    const sample = images.slice(0, 0, Math.min(count, batchSize));
    const sampleLabels = labels.slice(0, 0, sample.shape[0]!);
    if (version !== "rand") checkRandomness(model, sample, sampleLabels).forEach(warn);
    checkRange(logits.slice(0, 0, sample.shape[0]!)).forEach(warn);
    checkInference(model, sample).forEach(warn);
    requireClasses(logits.shape[1]!, constants);
    checkClasses(logits.shape[1]!, constants).forEach(warn);
    const flags = logits.argmax(1).eq(labels).toArray().map(Boolean);
    return { correct: flags, classes: logits.shape[1]! };
  });
  if (version === "plus" && norm === "l1") {
    const message = 'The ensemble "plus" is made for linf and l2; for l1 use "standard".';
    warn({ name: "unusual-ensemble", message });
  }

  const clean = resume?.state.clean ?? text(correct);
  const robust = [...(resume?.state.robust ?? clean)].map((flag) => flag === "1");
  const adversarial = keep((resume?.adversarial ?? images).clone());
  const outcomes: AttackOutcome[] = [...(resume?.state.finished ?? [])];
  const report = (current: AutoAttackState["current"]) =>
    options.onState?.(
      { fingerprint, images: count, clean, robust: text(robust), finished: [...outcomes], current },
      adversarial,
    );

  try {
    for (let place = outcomes.length; place < constants.attacks.length; place++) {
      const attackName = constants.attacks[place]!;
      const setting = { norm, epsilon, classes, observer: { progress: onProgress, warning: warn } };
      const atStart = [...(outcomes.at(-1)?.robust ?? clean)].map((flag) => flag === "1");
      const standing = standingOf(atStart);
      if (standing.length === 0) break;
      const attack = ensembleAttack(attackName, constants, setting);
      const current = resume?.state.current?.attack === attackName ? resume.state.current : null;
      const resumed = current !== null && place === resume?.state.finished.length ? current : null;
      let seconds = resumed?.seconds ?? 0;
      for (let from = resumed?.done ?? 0; from < standing.length; from += batchSize) {
        options.signal?.throwIfAborted();
        const began = performance.now();
        const rows = standing.slice(from, from + batchSize);
        scope(() =>
          noGrad(() => {
            const index = tensor(rows, { dtype: "int64", device: images.device });
            const [image, label] = [images.indexSelect(0, index), labels.indexSelect(0, index)];
            const generator = new Generator(batchSeed(seed, attackName, place, from), images.device);
            const found = attack.perturb(model, image, label, generator);
            const fooled = logitsPass(model, found).argmax(1).ne(label);
            fooled.toArray().forEach((flag, i) => {
              if (flag) robust[rows[i]!] = false;
            });
            const places = index.maskedSelect(fooled);
            adversarial.indexCopy_(0, places, found.index([fooled]));
          }),
        );
        seconds += (performance.now() - began) / 1000;
        const done = Math.min(from + batchSize, standing.length);
        if (done < standing.length) await report({ attack: attackName, done, seconds });
        await new Promise((resolve) => setImmediate(resolve));
      }
      const left = robust.filter(Boolean).length;
      const outcome: AttackOutcome = {
        ...{ attack: attackName, standing: left, accuracy: left / count, attacked: standing.length },
        ...{ seconds, robust: text(robust) },
      };
      outcomes.push(outcome);
      options.onOutcome?.(outcome);
      await report(null);
    }
    checkSquare(outcomes, count).forEach(warn);
    const reported = text(robust);
    const verification = verifyAdversarial(model, images, labels, adversarial, { norm, epsilon, reported });
    if (!verification.agrees) {
      const message = `The saved images contradict the result: accuracy ${verification.accuracy}, largest perturbation ${verification.largestPerturbation}, pixels from ${verification.lowestPixel} to ${verification.highestPixel}.`;
      warn({ name: "verification-mismatch", message });
    }
    return {
      ...{ version: name, constants, constantsHash: hash, norm, epsilon, seed, outcomes },
      cleanAccuracy: [...clean].filter((flag) => flag === "1").length / count,
      robustAccuracy: verification.accuracy,
      ...{ robust: verification.robust, adversarial, verification, warnings: [...warnings.values()] },
    };
  } catch (error) {
    adversarial.dispose();
    throw error;
  }
}
