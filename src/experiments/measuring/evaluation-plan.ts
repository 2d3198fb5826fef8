// Which attacks an evaluation runs with which budget: the configured ones, requested ones, and curves.
import {
  type AttackObserver,
  type AttackProgress,
  type AttackWarning,
  attacksThatTake,
  attackTakes,
  type BallName,
  type EvaluationAttackSpec,
  evaluationAttack,
  isEnsemble,
  type NamedAttack,
  norms,
  requireClassesFor,
} from "../../attacks/index.js";
import { ReatError } from "../../errors.js";
import type { ProcessTeam } from "../../tensor/index.js";
import type { ExperimentConfig } from "../config/index.js";

/** Instead of what the configuration says. */
export interface EvaluationBudget {
  readonly norm?: BallName | undefined;
  readonly epsilon?: number | undefined;
  /** Absent where epsilon is given: the step keeps its usual proportion to epsilon. */
  readonly stepSize?: number | undefined;
  readonly restarts?: number | undefined;
  readonly logitScale?: number | undefined;
}

/** An attack by name, or with a radius of its own: a point of a curve. */
export type AttackRequest = string | { readonly name: string; readonly epsilon: number };

/** What an attack reports while it runs. */
export class ToldByAttack implements AttackObserver {
  onProgress: ((progress: AttackProgress) => void) | undefined;
  /** Examples that the plain network did not confirm. */
  refused = 0;
  #warnings = new Map<string, AttackWarning>();
  /** What all processes know already. */
  #shared: { readonly refused: number; readonly warnings: ReadonlyMap<string, AttackWarning> } = {
    refused: 0,
    warnings: new Map(),
  };

  get warnings(): readonly AttackWarning[] {
    return [...this.#warnings.values()];
  }

  progress(progress: AttackProgress): void {
    this.onProgress?.(progress);
  }

  warning(warning: AttackWarning): void {
    this.#warnings.set(warning.name + warning.message, warning);
  }

  unconfirmed(count: number): void {
    this.refused += count;
  }

  /** Goes on from what was saved. */
  resume(warnings: readonly AttackWarning[], refused: number): void {
    for (const warning of warnings) this.warning(warning);
    this.refused = refused;
    this.#shared = { refused, warnings: new Map(this.#warnings) };
  }

  /** All processes take over what each was told since the last call, in the order of ranks, which is that of the batches. */
  async share(team: ProcessTeam): Promise<void> {
    const { refused, warnings } = this.#shared;
    const all = await team.exchange({ warnings: this.warnings, refused: this.refused - refused });
    this.#warnings = new Map(warnings);
    for (const each of all) for (const warning of each.warnings) this.warning(warning);
    this.refused = all.reduce((sum, each) => sum + each.refused, refused);
    this.#shared = { refused: this.refused, warnings: new Map(this.#warnings) };
  }
}

/** An attack to be measured, and where its reports are kept. */
export interface PlannedAttack {
  readonly spec: EvaluationAttackSpec;
  readonly told: ToldByAttack;
}

/** The attack with the budget that the configuration sets, as measurements between epochs take it. */
export function attackBetweenEpochs(config: ExperimentConfig): NamedAttack {
  const { norm, epsilon, stepSize } = config.evaluation;
  const name = config.training.evaluationAttack;
  const spec = evaluationAttack(name, {
    norm,
    ...(epsilon !== null && { epsilon }),
    ...(stepSize !== null && attackTakes(name, "stepSize") && { stepSize }),
  });
  if (!isEnsemble(spec)) return spec;
  throw new ReatError("config", `training.evaluationAttack takes a single attack, got ${name}.`);
}

/**
 * Options of a budget that only some of the attacks support, one sentence for each.
 * @throws ReatError `usage` for an option that none of the attacks takes
 */
export function budgetNotes(requests: readonly AttackRequest[], budget: EvaluationBudget = {}): string[] {
  const names = [
    ...new Set(requests.map((request) => (typeof request === "string" ? request : request.name))),
  ];
  return (["stepSize", "restarts", "logitScale"] as const).flatMap((option) => {
    if (budget[option] === undefined) return [];
    const without = names.filter((name) => !attackTakes(name, option));
    if (without.length === 0) return [];
    const { flag, words } = optionWords[option];
    if (without.length < names.length) {
      return [
        `${flag} holds for the other attacks: ${without.join(", ")} ${without.length > 1 ? "have" : "has"} no ${words}.`,
      ];
    }
    throw new ReatError(
      "usage",
      `${flag} is taken by none of the attacks (${names.join(", ")}); ${words} are chosen for ${attacksThatTake(option)}.`,
    );
  });
}

/** Refuses attacks that need more classes than the model has, as `requireClassesFor` does. */
export function requirePossible(
  config: ExperimentConfig,
  requests: readonly AttackRequest[],
  classes: number,
  whose: string,
  budget: EvaluationBudget = {},
): void {
  const names = requests.map((request) => (typeof request === "string" ? request : request.name));
  requireClassesFor(names, classes, budget.norm ?? config.evaluation.norm, whose);
}

const optionWords = {
  stepSize: { flag: "--step-size", words: "step sizes" },
  restarts: { flag: "--restarts", words: "restarts" },
  logitScale: { flag: "--logit-scale", words: "logit scales" },
} as const;

/**
 * The attacks asked for, each once.
 * @throws ReatError `usage` for no attack at all, or an option that none of them takes; `config` as `evaluationAttack`
 */
export function planAttacks(
  config: ExperimentConfig,
  requests: readonly AttackRequest[],
  budget: EvaluationBudget = {},
): PlannedAttack[] {
  if (requests.length === 0)
    throw new ReatError("usage", "No attack was named; one at least is needed, such as pgd-20.");
  budgetNotes(requests, budget);
  const planned = requests.map((request): PlannedAttack => {
    const { name, epsilon } = typeof request === "string" ? { name: request } : request;
    const told = new ToldByAttack();
    const { restarts, logitScale } = budget;
    const { stepSize, ...ball } = radiusAndStep(
      config,
      epsilon === undefined ? budget : { ...budget, epsilon },
    );
    const options = { stepSize, restarts, logitScale };
    const taken = Object.entries(options).filter(
      ([key, value]) => value !== undefined && attackTakes(name, key as keyof typeof options),
    );
    const spec = evaluationAttack(name, { ...ball, ...Object.fromEntries(taken), observer: told });
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
  // A step keeps its share of the radius; with radius 0 there is no step to take.
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
