// The budget of each example: the attack's own, times what a class has, times how far the attack has grown.
import { ReatError } from "../errors.js";
import { ClassConstant } from "../losses/index.js";
import type { Tensor } from "../tensor/index.js";
import { type AttackRampOptions, rampShare } from "./attack-ramp.js";
import type { ClassRule, ClassShares } from "./class-rule.js";
import type { MethodSetup, TrainingBatch } from "./method.js";
import type { RecipeContext } from "./recipe.js";

/** Budgets that change with class and epoch. Owns tensors: dispose. */
export class ExampleBudgets {
  #epochNow = 0;
  #epsilon: ClassConstant | null = null;
  #stepSize: ClassConstant | null = null;
  #regularisation: ClassConstant | null = null;
  #shares: ClassShares | null = null;

  constructor(
    readonly method: string,
    readonly rule: ClassRule | null,
    readonly ramp: AttackRampOptions | null,
    readonly setup: Pick<MethodSetup, "classCounts" | "epochs">,
  ) {}

  /** @returns what the log should hold of the epoch */
  beginEpoch(epoch: number): Readonly<Record<string, unknown>> {
    const { rule, ramp, setup } = this;
    const whole = setup.classCounts.map(() => 1);
    const grown = ramp ? rampShare(ramp, epoch, setup.epochs) : 1;
    if (epoch !== this.#epochNow || !this.#shares) {
      this.#epochNow = epoch;
      this.#shares = rule?.beginEpoch(epoch) ?? { epsilon: whole, stepSize: null };
      const scaled = (shares: readonly number[], by: number) => shares.map((share) => share * by);
      const { epsilon, stepSize } = this.#shares;
      this.#epsilon = written(this.#epsilon, scaled(epsilon, grown));
      const scalesStep = ramp?.scalesStep === true;
      // Either always or never: a recorded step has it in its work or not.
      if (stepSize || scalesStep) {
        this.#stepSize = written(this.#stepSize, scaled(stepSize ?? whole, scalesStep ? grown : 1));
      }
    }
    const { epsilon, weights, regularisation } = this.#shares;
    if (regularisation) this.#regularisation = written(this.#regularisation, regularisation);
    return {
      ...(ramp && { attackShare: grown }),
      ...(rule && { classBudgetShares: epsilon }),
      ...(weights && { classWeights: weights }),
    };
  }

  /** Factors of the classes' losses in this epoch; null where the rule has none. */
  get weights(): readonly number[] | null {
    return this.#shares?.weights ?? null;
  }

  /** @throws ReatError `usage` before the first `beginEpoch` */
  of({ images, labels }: TrainingBatch): NonNullable<RecipeContext["budget"]> {
    if (!this.#epsilon) {
      throw new ReatError(
        "usage",
        `beginEpoch of method ${this.method} must be called before its first step.`,
      );
    }
    return {
      epsilon: this.#epsilon.like(images).indexSelect(0, labels),
      stepSize: this.#stepSize?.like(images).indexSelect(0, labels) ?? null,
    };
  }

  /** Factors [N] of the weight of a divergence; null where the rule has none. */
  regularisationOf({ images, labels }: TrainingBatch): Tensor | null {
    return this.#regularisation?.like(images).indexSelect(0, labels) ?? null;
  }

  dispose(): void {
    this.#regularisation?.dispose();
    this.#epsilon?.dispose();
    this.#stepSize?.dispose();
    this.rule?.dispose?.();
  }
}

/** In place where there is one, so that a recorded step goes on with the new numbers. */
function written(constant: ClassConstant | null, values: readonly number[]): ClassConstant {
  if (!constant) return new ClassConstant(values);
  constant.update(values);
  return constant;
}
