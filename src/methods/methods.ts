// The training methods by name.
import { z } from "zod";
import type { Method, MethodSetup } from "./method.js";
import { type PgdAtOptions, pgdAt, pgdAtOptions } from "./pgd-at.js";
import { Reat } from "./reat.js";
import { type ReatOptions, reatOptions } from "./reat-options.js";

/** Everything that is to be known of a method before it is built. */
export interface MethodEntry<Options> {
  readonly schema: z.ZodType<Options>;
  readonly create: (options: Options, setup: MethodSetup) => Method;
  /** One line for help texts. */
  readonly description: string;
  /** Where the method is described. */
  readonly paper: string;
}

const entry = <Options>(method: MethodEntry<Options>) => method;

/** All methods, each with its own options. */
export const methods = {
  "pgd-at": entry<PgdAtOptions>({
    schema: pgdAtOptions,
    create: pgdAt,
    description: "adversarial training on PGD examples with a loss for long-tailed recognition",
    paper: "Madry et al., ICLR 2018, arXiv 1706.06083",
  }),
  reat: entry<ReatOptions>({
    schema: reatOptions,
    create: (options, setup) => new Reat(options, setup),
    description: "re-balanced adversarial examples (RBL), balanced softmax, tail features kept apart (TAIL)",
    paper: "Li et al., 2023, arXiv 2307.10205",
  }),
};

export type MethodName = keyof typeof methods;
export const methodNames = Object.keys(methods) as readonly MethodName[];

/** The schema of a method's configuration; `name` chooses the method and with it the other keys. */
export const methodOptions = z.discriminatedUnion("name", [pgdAtOptions, reatOptions], {
  error: ({ code, input }) =>
    code === "invalid_union" ? `expected one of ${methodNames.join(", ")}, got ${nameIn(input)}` : undefined,
});

function nameIn(given: unknown): string {
  const name = typeof given === "object" && given !== null && "name" in given ? given.name : undefined;
  return name === undefined ? "none" : JSON.stringify(name);
}

/** A resolved configuration, as `methodOptions` gives it. */
export type MethodOptions = z.output<typeof methodOptions>;

/**
 * The configured method for a training set.
 * @throws ReatError `config` when a constant or the class counts are impossible
 */
export function createMethod(options: MethodOptions, setup: MethodSetup): Method {
  switch (options.name) {
    case "pgd-at":
      return methods["pgd-at"].create(options, setup);
    case "reat":
      return methods.reat.create(options, setup);
  }
}
