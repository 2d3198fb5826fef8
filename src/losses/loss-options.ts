// The losses' options: each loss by name alone, or by name with constants.
import { z } from "zod";
import { fraction } from "../fraction.js";

const plain = z.enum(["ce", "bsl"]);

const withConstants = z.discriminatedUnion("name", [
  z.strictObject({
    name: z.literal("focal"),
    gamma: fraction({ min: 0 }).default(2),
    form: z.enum(["softmax", "sigmoid"]).default("softmax"),
    factor: fraction({ above: 0 }).default(1),
  }),
  z.strictObject({ name: z.literal("effective-number"), beta: fraction({ min: 0 }).default(0.9999) }),
  z.strictObject({
    name: z.literal("ldam"),
    maxMargin: fraction({ above: 0 }).default(0.5),
    scale: fraction({ above: 0 }).default(30),
    reweightFrom: z.int().min(1).nullable().default(null),
    beta: fraction({ min: 0 }).default(0.9999),
  }),
  z.strictObject({ name: z.literal("logit-adjustment"), tau: fraction({ min: 0 }).default(1) }),
  z.strictObject({ name: z.literal("class-temperature"), gamma: fraction({ min: 0 }).default(0.3) }),
]);

type WithConstants = z.output<typeof withConstants>;

/** A loss as it is built: one without constants by its name, any other by its name with them. */
export type LossOptions = z.output<typeof plain> | WithConstants;

/** Names of all losses. */
export type RecognitionLossName = z.output<typeof plain> | WithConstants["name"];

const constantNames = withConstants.options.map(({ shape }) => shape.name.value);

/** All names `recognitionLoss` takes. */
export const recognitionLossNames: readonly RecognitionLossName[] = [...plain.options, ...constantNames];

/**
 * The schema of a loss: "ldam", or { name: "ldam", scale: 10 }. A name alone stands for its papers' constants, which
 * the parsed value holds.
 */
export const lossOptions = z
  .union([z.enum(recognitionLossNames), withConstants], {
    error: ({ input }) => `expected ${accepted(input)}, got ${nameOf(input)}`,
  })
  .describe(
    `${recognitionLossNames.join(", ")}; or a name with constants, such as { name: ldam, scale: 10 } (${constantsOfLosses()})`,
  )
  .transform((given) => resolveLoss(given));

/** "focal: gamma, form, factor; …" */
function constantsOfLosses(): string {
  return withConstants.options
    .map(({ shape }) => {
      const { name, ...constants } = shape;
      return `${name.value}: ${Object.keys(constants).join(", ")}`;
    })
    .join("; ");
}

/** A loss with its constants filled in. */
export function resolveLoss(loss: RecognitionLossName | LossOptions): LossOptions {
  if (typeof loss !== "string") return loss;
  const known = plain.safeParse(loss);
  return known.success ? known.data : withConstants.parse({ name: loss });
}

function accepted(input: unknown): string {
  const names = recognitionLossNames.join(", ");
  if (typeof input !== "object" || input === null) return `one of ${names}`;
  const issue = withConstants.safeParse(input).error?.issues[0];
  const known = constantNames.find((name) => "name" in input && input.name === name);
  if (!known || !issue)
    return `the name of a loss (${names}), or the name of one that has constants with them`;
  const at = issue.path.join(".");
  const shape = withConstants.options.find((option) => option.shape.name.value === known)!.shape;
  return `constants of ${known} (${Object.keys(shape).join(", ")}); ${at && `${at}: `}${issue.message.replace(/, got.*$/s, "")}`;
}

function nameOf(input: unknown): string {
  return (JSON.stringify(input) ?? "nothing").replaceAll(",", " ");
}
