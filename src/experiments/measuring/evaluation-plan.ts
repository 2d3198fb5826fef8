// Which attacks an evaluation runs with which budget: the configuration's, what was asked for instead, and curves.
import {
  type AttackObserver,
  type AttackProgress,
  type AttackWarning,
  type BallName,
  type EvaluationAttackSpec,
  evaluationAttack,
  type NamedAttack,
  namedAttack,
  norms,
} from "../../attacks/index.js";
import { ReatError } from "../../errors.js";
import type { ExperimentConfig } from "../config/index.js";

/** Instead of what the configuration says. */
export interface EvaluationBudget {
  readonly norm?: BallName | undefined;
  readonly epsilon?: number | undefined;
  /** Left out where epsilon is given: in the proportion to it that it has without. */
  readonly stepSize?: number | undefined;
  readonly restarts?: number | undefined;
  readonly logitScale?: number | undefined;
}

/** An attack by name, or with a radius of its own: a point of a curve. */
export type AttackRequest = string | { readonly name: string; readonly epsilon: number };

/** What an attack tells while it runs. */
export class ToldByAttack implements AttackObserver {
  onProgress: ((progress: AttackProgress) => void) | undefined;
  readonly #warnings = new Map<string, AttackWarning>();

  get warnings(): readonly AttackWarning[] {
    return [...this.#warnings.values()];
  }

  progress(progress: AttackProgress): void {
    this.onProgress?.(progress);
  }

  warning(warning: AttackWarning): void {
    this.#warnings.set(warning.name + warning.message, warning);
  }
}

/** An attack that is to be measured, and where what it tells is kept. */
export interface PlannedAttack {
  readonly spec: EvaluationAttackSpec;
  readonly told: ToldByAttack;
}

/** The attacks with the budget that the configuration sets, as measurements between epochs take them. */
export function evaluationAttacks(config: ExperimentConfig, names: readonly string[]): NamedAttack[] {
  const { norm, epsilon, stepSize } = config.evaluation;
  return names.map((name) =>
    namedAttack(name, {
      norm,
      ...(epsilon !== null && { epsilon }),
      ...(stepSize !== null && { stepSize }),
    }),
  );
}

/**
 * The attacks asked for, each once.
 * @throws ReatError `usage` for no attack at all; `config` as `evaluationAttack`
 */
export function planAttacks(
  config: ExperimentConfig,
  requests: readonly AttackRequest[],
  budget: EvaluationBudget = {},
): PlannedAttack[] {
  if (requests.length === 0)
    throw new ReatError("usage", "No attack was named; one at least is needed, such as pgd-20.");
  const planned = requests.map((request): PlannedAttack => {
    const { name, epsilon } = typeof request === "string" ? { name: request } : request;
    const told = new ToldByAttack();
    const { restarts, logitScale } = budget;
    const spec = evaluationAttack(name, {
      ...radiusAndStep(config, epsilon === undefined ? budget : { ...budget, epsilon }),
      ...(restarts !== undefined && { restarts }),
      ...(logitScale !== undefined && { logitScale }),
      observer: told,
    });
    return { spec, told };
  });
  const key = ({ spec }: PlannedAttack) => JSON.stringify([spec.name, spec.constants]);
  return [...new Map(planned.map((each) => [key(each), each])).values()];
}

function radiusAndStep(
  { evaluation }: ExperimentConfig,
  budget: EvaluationBudget,
): { norm: BallName; epsilon?: number; stepSize?: number } {
  const norm = budget.norm ?? evaluation.norm;
  const asConfigured = norm === evaluation.norm;
  const usual = norm === "l1" ? null : norms[norm].defaults;
  const epsilon = asConfigured ? (evaluation.epsilon ?? usual?.epsilon) : usual?.epsilon;
  const stepSize = asConfigured ? (evaluation.stepSize ?? usual?.stepSize) : usual?.stepSize;
  const chosen = budget.epsilon ?? epsilon;
  // A step of a quarter of the radius stays one; a radius of 0 has no such step, and no use for one.
  const inProportion =
    budget.epsilon !== undefined && budget.epsilon > 0 && epsilon && stepSize
      ? (stepSize / epsilon) * budget.epsilon
      : stepSize;
  const step = budget.stepSize ?? inProportion;
  return {
    norm,
    ...(chosen !== undefined && { epsilon: chosen }),
    ...(step !== undefined && { stepSize: step }),
  };
}
