// AutoAttack (Croce and Hein 2020): an ensemble in which every attack works on the images that still stand.
import { createHash } from "node:crypto";
import {
  Generator,
  gatherRows,
  keep,
  noGrad,
  type ProcessTeam,
  scope,
  type Tensor,
  tensor,
} from "../../tensor/index.js";
import { requireImages, requireLogits, requireWhole } from "../attack-input.js";
import type { Classifier } from "../classifier.js";
import { type BallName, requireBall } from "../geometry/index.js";
import { seedOf } from "../image-draws.js";
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
import { screened } from "./screening.js";
import { type AttackOutcome, type AutoAttackState, requireSameRun } from "./state.js";
import { type AdversarialVerification, verifyAdversarial } from "./verification.js";

/** What AutoAttack is run with: norm, radius, seed, and how far a stopped run had come. */
export interface AutoAttackOptions {
  /** With fast logits (`throughTiles` gives them to a network), examples are looked for with them, and the plain ones confirm each. */
  readonly model: Classifier;
  /** [N, channels, height, width] in [0, 1], and int64 [N]. */
  readonly images: Tensor;
  /** int64 [N]. */
  readonly labels: Tensor;
  readonly norm: BallName;
  /** Radius of the ball, > 0. */
  readonly epsilon: number;
  /** Default: "standard". */
  readonly version?: EnsembleVersion;
  /** Every image draws from a stream of its own in every attack, which this seed decides. Default: 0. */
  readonly seed?: number;
  /**
   * The most images attacked together: what stands is divided evenly. Between batches the run yields, can be stopped, and reports
   * its state. Default: 250.
   */
  readonly batchSize?: number;
  /**
   * First attack all images briefly, so that those that are likely to fall are attacked together. It decides the order alone. Default:
   * false.
   */
  readonly screen?: boolean;
  /** Go on from a state that `onState` gave; `adversarial` are the images [N, …] saved with it. */
  readonly resume?: { readonly state: AutoAttackState; readonly adversarial: Tensor };
  readonly onProgress?: (progress: AttackProgress) => void;
  readonly onOutcome?: (outcome: AttackOutcome) => void;
  readonly onWarning?: (warning: AttackWarning) => void;
  /** Called after each batch with what to save; the tensor, of the shape of all images [N, …], is the run's own and lives on. May be asynchronous. */
  readonly onState?: (state: AutoAttackState, adversarial: Tensor) => void | Promise<void>;
  readonly signal?: AbortSignal;
  /** Processes that share each attack's batches; all get the whole result, which is that of one process. Default: none. */
  readonly team?: ProcessTeam | null;
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
  /** Whether examples were looked for with fast logits, and how many of them the plain ones did not confirm. */
  readonly fastLogits: boolean;
  readonly unconfirmed: number;
  readonly outcomes: readonly AttackOutcome[];
  /** [N, …], one image for each given image: the adversarial one, or the clean one where no attack fooled the model. The caller owns the tensor. */
  readonly adversarial: Tensor;
  readonly verification: AdversarialVerification;
  readonly warnings: readonly AttackWarning[];
}

const text = (flags: readonly boolean[]) => flags.map(Number).join("");
const standingOf = (flags: readonly boolean[]) => flags.flatMap((flag, i) => (flag ? [i] : []));

/** Where each of the fewest batches begins that hold `count` images and are as large as each other, and where the last one ends. */
export function evenBatches(count: number, batchSize: number): number[] {
  const batches = Math.ceil(count / batchSize);
  return Array.from({ length: batches + 1 }, (_, i) => Math.floor((i * count) / batches));
}

/**
 * Runs the ensemble, checks the model first and the saved images last. Batches yield to the event loop.
 * @throws ReatError `config`, `data` or `numerics` for impossible constants, images, labels or logits; `checkpoint` for a
 * state of another run; the signal's reason when stopped (the last state given to `onState` continues the run)
 */
export async function autoAttack(options: AutoAttackOptions): Promise<AutoAttackResult> {
  const { model, images, labels, norm, epsilon, version = "standard", seed = 0 } = options;
  const { batchSize = 250, onProgress, resume, team = null } = options;
  const name = typeof version === "string" ? version : "custom";
  requireBall(`AutoAttack ${name}`, norm, epsilon);
  requireWhole(`AutoAttack ${name}`, "batchSize", batchSize);
  requireImages(`AutoAttack ${name}`, images, labels);
  const constants = ensembleConstants(version, norm);
  const hash = constantsHash(constants);
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([hash, norm, epsilon, seed, batchSize, ...(model.fastLogits ? ["fast"] : [])]))
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
  const { correct, logits: known } = scope(() => {
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
    return { correct: flags, logits: keep(logits) };
  });
  using logits = known;
  const classes = logits.shape[1]!;
  if (version === "plus" && norm === "l1") {
    const message = 'The ensemble "plus" is made for linf and l2; for l1 use "standard".';
    warn({ name: "unusual-ensemble", message });
  }

  const clean = resume?.state.clean ?? text(correct);
  const robust = [...(resume?.state.robust ?? clean)].map((flag) => flag === "1");
  const adversarial = keep((resume?.adversarial ?? images).clone());
  const outcomes: AttackOutcome[] = [...(resume?.state.finished ?? [])];
  const order =
    resume !== undefined
      ? resume.state.order
      : options.screen && screened(model, images, labels, { norm, epsilon, batchSize });
  const report = (current: AutoAttackState["current"]) =>
    options.onState?.(
      {
        ...{ fingerprint, images: count, clean, robust: text(robust), finished: [...outcomes], current },
        ...(order && { order }),
      },
      adversarial,
    );

  try {
    for (let place = outcomes.length; place < constants.attacks.length; place++) {
      const attackName = constants.attacks[place]!;
      let unconfirmed = 0;
      let heard: { warnings: AttackWarning[]; unconfirmed: number } = { warnings: [], unconfirmed: 0 };
      const observer = {
        ...(onProgress && { progress: onProgress }),
        warning: (warning: AttackWarning) => void heard.warnings.push(warning),
        unconfirmed: (found: number) => {
          heard.unconfirmed += found;
        },
      };
      const setting = { norm, epsilon, classes, observer };
      const atStart = [...(outcomes.at(-1)?.robust ?? clean)].map((flag) => flag === "1");
      const standing = order ? order.filter((row) => atStart[row]) : standingOf(atStart);
      if (standing.length === 0) break;
      const attack = ensembleAttack(attackName, constants, setting);
      const current = resume?.state.current?.attack === attackName ? resume.state.current : null;
      const resumed = current !== null && place === resume?.state.finished.length ? current : null;
      let seconds = resumed?.seconds ?? 0;
      unconfirmed = resumed?.unconfirmed ?? 0;
      const bounds = evenBatches(standing.length, batchSize);
      const processes = team?.size ?? 1;
      const last = bounds.length - 1;
      for (
        let batch = bounds.findIndex((from) => from >= (resumed?.done ?? 0));
        batch < last;
        batch += processes
      ) {
        options.signal?.throwIfAborted();
        const began = performance.now();
        const done = bounds[Math.min(batch + processes, last)]!;
        const own = Math.min(batch + (team?.rank ?? 0), last);
        const rows = standing.slice(bounds[own]!, bounds[own + 1] ?? bounds[own]!);
        heard = { warnings: [], unconfirmed: 0 };
        const ours = scope(() =>
          noGrad(() => {
            if (rows.length === 0) return null;
            const index = tensor(rows, { dtype: "int64", device: images.device });
            const [image, label] = [images.indexSelect(0, index), labels.indexSelect(0, index)];
            const attackSeed = seedOf(seed, place, attackName);
            const generator = new Generator(attackSeed, images.device);
            const found = attack.perturb(model, image, label, generator, {
              logits: logits.indexSelect(0, index),
              seeds: rows.map((row) => seedOf(attackSeed, row)),
            });
            const fooled = logitsPass(model, found).argmax(1).ne(label);
            const places = index.maskedSelect(fooled);
            return [keep(places), keep(found.index([fooled]))] as const;
          }),
        );
        for (const { rows: places, images: found } of await everyones(ours, team)) {
          using _places = places;
          using _found = found;
          for (const row of places.toArray()) robust[row] = false;
          noGrad(() =>
            scope(() => adversarial.indexCopy_(0, places.to(images.device), found.to(images.device))),
          );
        }
        for (const each of team ? await team.exchange(heard) : [heard]) {
          each.warnings.forEach(warn);
          unconfirmed += each.unconfirmed;
        }
        seconds += (performance.now() - began) / 1000;
        if (done < standing.length) await report({ attack: attackName, done, seconds, unconfirmed });
        await new Promise((resolve) => setImmediate(resolve));
      }
      const left = robust.filter(Boolean).length;
      const outcome: AttackOutcome = {
        ...{ attack: attackName, standing: left, accuracy: left / count, attacked: standing.length },
        ...{ seconds, unconfirmed, robust: text(robust) },
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
      fastLogits: model.fastLogits !== undefined,
      unconfirmed: outcomes.reduce((sum, outcome) => sum + outcome.unconfirmed, 0),
      cleanAccuracy: [...clean].filter((flag) => flag === "1").length / count,
      robustAccuracy: verification.accuracy,
      ...{ robust: verification.robust, adversarial, verification, warnings: [...warnings.values()] },
    };
  } catch (error) {
    adversarial.dispose();
    throw error;
  }
}

/** What the processes found in their batches, in the order of ranks: places int64 [K] and images [K, …], which belong to the caller. */
async function everyones(own: readonly [Tensor, Tensor] | null, team: ProcessTeam | null) {
  if (!team) return own ? [{ rows: own[0], images: own[1] }] : [];
  const rows = await gatherRows(team, own?.[0] ?? null);
  const images = await gatherRows(team, own?.[1] ?? null);
  for (const tensor of own ?? []) tensor.dispose();
  return rows.flatMap((places, rank) => (places ? [{ rows: places, images: images[rank]! }] : []));
}
