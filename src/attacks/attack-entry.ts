// What is known of an attack before it is built, and how an attack's file declares it.
import type { z } from "zod";
import { ReatError } from "../errors.js";
import { acceptedBy, shapeOf } from "../schema-words.js";
import type { Attack } from "./attack.js";
import { type BallName, type NormName, type StartNoiseName, usualBudgets } from "./geometry/index.js";
import type { AttackObserver } from "./observer.js";
import { withScaledLogits } from "./transfer.js";

/** What may be chosen besides the name. An attack refuses options that its schema does not have. */
export interface NamedAttackOptions {
  /** Default: "linf", for attacks that have it. */
  readonly norm?: BallName;
  /** Default: 8/255 for l∞, 1 for l2, 12 for l1. */
  readonly epsilon?: number;
  /** Of pgd, cw and mim. Default: 2/255 for l∞, 0.2 for l2. */
  readonly stepSize?: number;
  /** Of pgd and cw. Default: "uniform". */
  readonly start?: StartNoiseName;
  /** Of pgd, cw, apgd, fab and square. Default: 1, for apgd in l1 its form's 5. */
  readonly restarts?: number;
  /** Factor on the logits while attacking, > 0; 10 is the paper's adaptive attack. Default: 1. */
  readonly logitScale?: number;
  readonly observer?: AttackObserver;
}

/** Everything that determines the attack except its random numbers, as plain JSON; written with each result. */
export interface AttackConstants {
  readonly algorithm: string;
  readonly norm: BallName;
  readonly epsilon: number;
  readonly logitScale: number;
  readonly [constant: string]: unknown;
}

/** An attack with the constants it was built from. */
export interface NamedAttack {
  readonly name: string;
  readonly constants: AttackConstants;
  readonly attack: Attack;
}

/** What every attack is given besides its own options. */
export interface AttackBudget {
  /** As results give it, the number of steps included: "pgd-20". */
  readonly name: string;
  readonly norm: BallName;
  /** Radius of the ball, ≥ 0; an attack refuses a radius it cannot work with. */
  readonly epsilon: number;
  /** Factor on the logits while attacking, > 0. */
  readonly logitScale: number;
  readonly observer?: AttackObserver;
}

/** An attack as its file describes it. */
export interface AttackDefinition<Options> {
  /** Without the number of steps. */
  readonly name: string;
  /** Whether results name its steps, as in "pgd-20"; its schema then has the key `steps`. Default: false. */
  readonly namesSteps?: boolean;
  /** One line for help texts and tables. */
  readonly description: string;
  /** Where the attack is described. */
  readonly paper: string;
  /** The norms it supports, its usual one first. */
  readonly norms: readonly BallName[];
  /** The least number of classes that its objective needs. Default: 2. */
  readonly leastClasses?: number;
  /** Whether `build` itself multiplies the logits by the factor; otherwise that is done around the attack. Default: false. */
  readonly scalesLogits?: boolean;
  /** Its options in a norm, besides norm, radius and logit scale, each with a default and a `.meta({ help })`. */
  readonly schema: (norm: BallName) => z.ZodObject<z.ZodRawShape> & z.ZodType<Options>;
  /**
   * The attack, and all constants that determine it except norm, radius and logit scale.
   * @throws ReatError `config` for a radius it cannot work with
   */
  readonly build: (
    options: Options,
    budget: AttackBudget,
  ) => { readonly attack: Attack; readonly constants: { readonly algorithm: string } & object };
}

/** An attack as the registry holds it. */
export interface AttackEntry
  extends Required<Omit<AttackDefinition<unknown>, "schema" | "build" | "scalesLogits">> {
  /** Its options in a norm; throws for a norm it does not support. */
  readonly schema: (norm: BallName) => z.ZodObject<z.ZodRawShape>;
  /**
   * @param name as results give it
   * @param options those of {@link NamedAttackOptions}, and `steps` where the name tells them
   * @throws ReatError `config` for a norm it does not support or an option out of its range
   */
  readonly create: (name: string, options: NamedAttackOptions & { readonly steps?: number }) => NamedAttack;
}

/** The registry's entry of an attack from its description. */
export function defineAttack<Options>(definition: AttackDefinition<Options>): AttackEntry {
  const { namesSteps = false, leastClasses = 2, scalesLogits = false, build, ...told } = definition;
  return {
    ...told,
    namesSteps,
    leastClasses,
    create(name, options) {
      const budget = requireBudget(name, definition.norms, options);
      const schema = definition.schema(budget.norm);
      const { attack, constants } = build(ownOptions(name, schema, options), {
        ...budget,
        ...(options.observer && { observer: options.observer }),
      });
      const { norm, epsilon, logitScale } = budget;
      const { algorithm, ...own } = constants;
      return {
        name,
        constants: { algorithm, norm, epsilon, ...own, logitScale },
        attack: scalesLogits || logitScale === 1 ? attack : withScaledLogits(attack, logitScale, name),
      };
    },
  };
}

/** What every attack is given and does not count as its own options. */
const common: ReadonlySet<string> = new Set(["norm", "epsilon", "logitScale", "observer"]);

/** The options that the schema has, checked and completed. */
function ownOptions<Options>(
  name: string,
  schema: z.ZodObject<z.ZodRawShape> & z.ZodType<Options>,
  options: object,
): Options {
  const taken = Object.entries(options).filter(([key, value]) => !common.has(key) && value !== undefined);
  const foreign = taken.find(([key]) => !(key in schema.shape));
  if (foreign) {
    const own = Object.keys(schema.shape).filter((key) => key !== "steps");
    const accepted = [...own, "logitScale"].join(", ");
    throw new ReatError("config", `Attack ${name} takes no ${foreign[0]}; its options are ${accepted}.`);
  }
  const result = schema.safeParse(Object.fromEntries(taken));
  if (result.success) return result.data;
  const key = String(result.error.issues[0]?.path[0] ?? "");
  const accepted = acceptedBy(shapeOf(schema).properties?.[key] ?? {});
  const got = JSON.stringify((options as Readonly<Record<string, unknown>>)[key]);
  throw new ReatError("config", `${key} of attack ${name} must be ${accepted}, got ${got}.`);
}

/** @internal The norms of attacks that follow plain gradients step by step. */
export const stepwiseNorms: readonly NormName[] = ["linf", "l2"];

/** @internal The norm and radius of an attack. @throws ReatError `config` for a norm or radius it does not support */
export function requireBudget(
  name: string,
  accepted: readonly BallName[],
  { norm = "linf", epsilon, logitScale = 1 }: NamedAttackOptions,
): AttackBudget {
  if (!accepted.includes(norm)) {
    throw new ReatError("config", `norm of attack ${name} must be ${listed(accepted)}, got "${norm}".`);
  }
  if (!(logitScale > 0 && Number.isFinite(logitScale))) {
    throw new ReatError(
      "config",
      `logitScale of attack ${name} must be a finite number > 0, got ${logitScale}.`,
    );
  }
  return { name, norm, epsilon: epsilon ?? usualBudgets[norm].epsilon, logitScale };
}

function listed(words: readonly string[]): string {
  return words.join(", ").replace(/, (\w+)$/, " or $1");
}
