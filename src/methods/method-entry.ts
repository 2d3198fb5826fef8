// What is known of a method before it is built, and how a method's file declares it.
import type { z } from "zod";
import { ClassConstant, type LossShaping, owningConstants } from "../losses/index.js";
import type { Tensor } from "../tensor/index.js";
import { assembleMethod, type Modifiers } from "./assemble-method.js";
import type { Method, MethodSetup } from "./method.js";
import type { RecipeFactory } from "./recipe.js";

/** A training method as the registry holds it. */
export interface MethodEntry<Options> {
  /** Its options; `name` is one of them. */
  readonly schema: z.ZodType<Options>;
  /** The method without its modifiers. */
  readonly recipe: RecipeFactory<Options>;
  readonly create: (options: Options, setup: MethodSetup) => Method;
  /** Its name as papers and reports write it, such as "PGD-AT". */
  readonly title: string;
  /** One line for help texts and tables. */
  readonly description: string;
  /** Where the method is described. */
  readonly paper: string;
  /** What classifies where that is not the logits themselves: a function of them, [N, C] to [N, C], see `inferenceModel`. */
  readonly inference?: (
    options: Options,
    setup: Pick<MethodSetup, "classCounts">,
  ) => (logits: Tensor) => Tensor;
  /** Combinations of its options, or of them and the model, that are impossible or in which a key does nothing. */
  readonly contradictions?: (
    options: Options,
    model: { readonly classifier: string },
  ) => readonly Contradiction[];
  /** What its example in help texts sets besides the name: keys of `method`, and of `model` where it needs any. */
  readonly example?: {
    readonly method?: Readonly<Record<string, unknown>>;
    readonly model?: Readonly<Record<string, unknown>>;
  };
  /** How its authors trained where that differs from the common protocol, and the preset that does so. */
  readonly released?: ReleasedProtocol;
}

/** What is wrong with a configuration although each key by itself is valid. */
export interface Contradiction {
  /** Dotted, from the top of the configuration: "model.classifier". */
  readonly key: string;
  /** A clause that follows the key: what is so, and what is accepted. */
  readonly text: string;
}

/** A published repository's protocol for CIFAR-10-LT. */
export interface ReleasedProtocol {
  /** owner/name of the repository. */
  readonly repository: string;
  /** Name of the preset in configs/. */
  readonly preset: string;
  /** One line on what is particular to it. */
  readonly summary: string;
}

/** The registry's entry of a method from its recipe; the modifiers work around it by themselves. */
export function defineMethod<Options extends { readonly name: string } & Modifiers>(
  definition: Omit<MethodEntry<Options>, "create">,
): MethodEntry<Options> {
  return {
    ...definition,
    create(options, setup) {
      const even = () => new ClassConstant(setup.classCounts.map(() => 1));
      const [{ parts, shaping }, freeConstants] = owningConstants(() => {
        const shaping: LossShaping = {
          labelSmoothing: options.labelSmoothing ?? 0,
          classWeights: options.dafa ? even() : null,
        };
        return { parts: definition.recipe(options, { ...setup, shaping }), shaping };
      });
      const dispose = () => {
        parts.dispose?.();
        freeConstants();
      };
      return assembleMethod(options.name, { ...parts, dispose }, options, { ...setup, shaping });
    },
  };
}
