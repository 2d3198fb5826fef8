// The options for what a file of weights from elsewhere does not say.
import { type Command, Option } from "commander";
import { ReatError } from "../errors.js";
import { type ForeignOptions, readClassNames } from "../experiments/index.js";
import { modelNames } from "../nn/index.js";
import { type ImageFlags, imageOverrides } from "./image-options.js";
import { threeNumbers, wholeNumber } from "./options.js";

/** As commander hands them over. */
export interface ForeignFlags extends ImageFlags {
  readonly architecture?: string;
  readonly classes?: number;
  readonly mean?: number[];
  readonly std?: number[];
  readonly classNames?: string;
  readonly weightsKey?: string;
  readonly data?: string;
  readonly set?: readonly string[];
  readonly device?: string;
  readonly threads?: number;
}

/** Adds --architecture, --classes, --class-names, --mean and --std. */
export function addForeignOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--architecture <name>", "for weights from elsewhere: the network they are of").choices([
        ...modelNames,
      ]),
    )
    .option("--classes <n>", "number of classes, checked against the data's", wholeNumber(2))
    .option("--weights-key <key>", "which weights, where a file holds several, such as model_ema")
    .option(
      "--class-names <file>",
      "names of the model's outputs in their order, one per line; classes are matched by them (default: as a run recorded them)",
    )
    .option(
      "--mean <r,g,b>",
      "subtracted from images in [0, 1] before the network (default: nothing)",
      threeNumbers,
    )
    .option("--std <r,g,b>", "divided by after that", threeNumbers);
}

/** Overrides that the flags stand for. */
export function overridesOf({ set = [], data, device, threads, ...images }: ForeignFlags): string[] {
  const assign = (key: string, value: string | number | undefined) =>
    value === undefined ? [] : [`${key}=${JSON.stringify(value)}`];
  return [
    ...set,
    ...assign("data.source", data),
    ...imageOverrides(images),
    ...assign("device", device),
    ...assign("threads", threads),
  ];
}

/** A flag, without its dashes, that only weights from elsewhere have. */
export function foreignFlag({ classes, mean, std, weightsKey }: ForeignFlags): string | undefined {
  const flags = { classes, mean, std, "weights-key": weightsKey };
  return Object.entries(flags).find(([, value]) => value !== undefined)?.[0];
}

/** The names in the file that was given. @throws ReatError `usage` */
export function classNamesOf({ classNames }: ForeignFlags): readonly string[] | undefined {
  return classNames === undefined ? undefined : readClassNames(classNames);
}

/**
 * @param own whether the file is one that `reat export` wrote, which names its network
 * @throws ReatError `usage` where something needed is missing
 */
export function foreignOptions(flags: ForeignFlags, own = false): Omit<ForeignOptions, "onDataProgress"> {
  const { architecture, classes, mean, std, weightsKey } = flags;
  const overrides = overridesOf(flags);
  const named = own || architecture !== undefined;
  if (!named || !overrides.some((text) => text.startsWith("data.source="))) {
    throw new ReatError(
      "usage",
      own
        ? "An export needs --data with images to measure on."
        : "Weights from elsewhere need --architecture with the network they are of, and --data with images to measure on.",
    );
  }
  if ((mean === undefined) !== (std === undefined)) {
    throw new ReatError("usage", "--mean and --std go together; one of them was given.");
  }
  const normalisation = mean && std ? { mean, deviation: std } : undefined;
  return { architecture, classes, normalisation, weightsKey, classNames: classNamesOf(flags), overrides };
}
