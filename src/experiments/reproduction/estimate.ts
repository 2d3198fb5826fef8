// How long a reproduction will take, from a few measured steps of each kind of training.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runExperiment } from "../run.js";
import type { PlannedTraining, ReproductionPlan } from "./plan.js";
import { isFinished, trainingState } from "./work.js";

/** Seconds that are left. */
export interface ReproductionEstimate {
  readonly training: number;
  readonly measuring: number;
  /** Kinds of training of which steps were measured. */
  readonly measuredKinds: number;
}

/** Steps that are timed, after those that warm up. */
const [warmUp, timed] = [2, 3];

/** Passes through the network and back that an attack makes for an image, roughly; AutoAttack's of a model with 25 % to 50 % left. */
function passesOf(attack: string): number {
  const steps = /^(?:pgd|cw|mim)-(\d+)$/.exec(attack);
  if (steps) return Number(steps[1]) + 1;
  return attack.startsWith("autoattack") ? 1500 : 1000;
}

interface Pace {
  readonly batchSeconds: number;
  readonly batchesPerEpoch: number;
}

/**
 * Runs a few steps of each kind of training (network, method, attack steps, data) in a temporary folder.
 * @throws as {@link runExperiment}; the signal's reason when it is aborted
 */
export async function estimate(plan: ReproductionPlan, signal?: AbortSignal): Promise<ReproductionEstimate> {
  const paces = new Map<string, Pace | null>();
  let training = 0;
  let measuring = 0;
  for (const each of plan.trainings) {
    const state = trainingState(each, plan);
    if (isFinished(state)) continue;
    const { trained, missing, featuresMissing } = state;
    const kind = kindOf(each);
    if (!paces.has(kind)) paces.set(kind, await paceOf(each, signal));
    const pace = paces.get(kind);
    if (!pace) continue;
    const { epochs, batchSize } = each.config.training;
    if (!trained) training += epochs * pace.batchesPerEpoch * pace.batchSeconds;
    const { attack } = each.config.method as { attack?: { steps?: number } };
    const passSeconds = pace.batchSeconds / (batchSize * ((attack?.steps ?? 0) + 2));
    const images = plan.budget.images ?? 10_000;
    if (featuresMissing) measuring += plan.budget.mapped * passSeconds * passesOf("pgd-20");
    for (const { attack: name } of missing) measuring += images * passSeconds * passesOf(name);
  }
  return { training, measuring, measuredKinds: [...paces.values()].filter((pace) => pace !== null).length };
}

function kindOf({ config: { model, method, data, training } }: PlannedTraining): string {
  return JSON.stringify([
    model,
    method.name,
    (method as { attack?: unknown }).attack,
    data,
    training.batchSize,
  ]);
}

/** Null where a training cannot be begun: its run then fails by itself, and is named at the end. */
async function paceOf({ config }: PlannedTraining, signal: AbortSignal | undefined): Promise<Pace | null> {
  const folder = mkdtempSync(join(tmpdir(), "reat-estimate-"));
  const enough = new AbortController();
  const times: number[] = [];
  let batchesPerEpoch = 0;
  try {
    await runExperiment(config, {
      runsFolder: folder,
      signal: signal ? AbortSignal.any([signal, enough.signal]) : enough.signal,
      onProgress: (progress) => {
        batchesPerEpoch = progress.batchesPerEpoch;
        if (progress.evaluation === null) times.push(performance.now());
        if (times.length > warmUp + timed || progress.evaluation !== null)
          enough.abort(new Error("enough steps"));
      },
    });
  } catch {
    signal?.throwIfAborted();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  signal?.throwIfAborted();
  if (times.length < 2) return null;
  const from = Math.min(warmUp, times.length - 2);
  return { batchSeconds: (times.at(-1)! - times[from]!) / 1000 / (times.length - 1 - from), batchesPerEpoch };
}
