// How images are read from files: the options that every command with --data or a source takes.
import { type Command, InvalidArgumentError, Option } from "commander";
import { defaultArchiveLimits } from "../archives/index.js";
import {
  type DamagedPolicy,
  damagedPolicies,
  defaultPixelLimit,
  type ImageOptions,
  type Orientation,
  orientations,
} from "../data/index.js";
import { wholeNumber } from "./options.js";

/** As commander hands them over. */
export interface ImageFlags {
  readonly resize?: number;
  readonly crop?: number;
  readonly damaged?: DamagedPolicy;
  readonly orientation?: Orientation;
}

/** Adds --resize, --crop, --damaged and --orientation. */
export function addImageOptions(command: Command): Command {
  return command
    .option(
      "--resize <pixels>",
      "scale images so that the shorter side is this long; without --crop the middle square is taken",
      wholeNumber(8),
    )
    .option("--crop <pixels>", "cut a square of this side out of the middle, after scaling", wholeNumber(8))
    .addOption(
      new Option(
        "--damaged <how>",
        "refuse data with damaged images, or skip and name them (default: error)",
      ).choices(damagedPolicies),
    )
    .addOption(
      new Option(
        "--orientation <how>",
        "turn images as their EXIF orientation says, or take them as stored (default: apply)",
      ).choices(orientations),
    );
}

/** Keys of a configuration that the flags stand for. */
export function imageOverrides({ resize, crop, damaged, orientation }: ImageFlags): string[] {
  return Object.entries({ resize, crop, damaged, orientation })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `data.${key}=${JSON.stringify(value)}`);
}

const limitDefaults = { pixels: defaultPixelLimit, ...defaultArchiveLimits };
type Limits = Partial<typeof limitDefaults>;

/** Of commands that read data without a configuration. */
export interface ReadFlags extends ImageFlags {
  readonly limit?: Limits;
}

/** Adds --limit, for commands that take no configuration. */
export function addLimitOption(command: Command): Command {
  const keys = Object.keys(limitDefaults).join(", ");
  return command.option(
    "--limit <key=number>",
    `what is refused as too large (${keys}); may be given again`,
    (text: string, before: Limits | undefined): Limits => {
      const [key = "", number = ""] = text.split("=");
      if (!Object.hasOwn(limitDefaults, key) || !/^[1-9]\d{0,14}$/.test(number)) {
        throw new InvalidArgumentError(
          `Accepted is a number from 1 for one of ${keys}, such as pixels=200000000.`,
        );
      }
      return { ...before, [key]: Number(number) };
    },
  );
}

/** What the flags ask of the reader. */
export function imageOptions(flags: ReadFlags): ImageOptions {
  const { resize, crop, damaged, orientation, limit } = flags;
  const { pixels, ...limits } = { ...limitDefaults, ...limit };
  return {
    ...{ limits, pixelLimit: pixels },
    ...(resize !== undefined && { resize }),
    ...(crop !== undefined && { crop }),
    ...(damaged && { damaged }),
    ...(orientation && { orientation }),
  };
}
