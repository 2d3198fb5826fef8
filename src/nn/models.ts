// The networks by name.
import { ReatError } from "../errors.js";
import type { Generator } from "../tensor/index.js";
import type { ImageClassifier } from "./classifier.js";
import { ResNet, resnet18 } from "./resnet.js";
import { SmallCnn } from "./small-cnn.js";
import { smallResNet } from "./small-resnet.js";

/** What a network is built with. */
export interface ModelOptions {
  /** Number of classes, at least 2. */
  readonly classes: number;
  /** Source of the initial weights; its device becomes the network's. */
  readonly generator: Generator;
}

const models = {
  resnet18: ({ classes, generator }) => new ResNet(resnet18, classes, generator),
  "small-resnet": ({ classes, generator }) => new ResNet(smallResNet, classes, generator),
  smallcnn: ({ classes, generator }) => new SmallCnn(classes, generator),
} satisfies Record<string, (options: ModelOptions) => ImageClassifier>;

export type ModelName = keyof typeof models;

/** All names `buildModel` takes. */
export const modelNames = Object.keys(models) as readonly ModelName[];

/**
 * A freshly initialised network in mode "train".
 * @throws ReatError `config` for an unknown architecture or an impossible number of classes
 */
export function buildModel(architecture: ModelName, options: ModelOptions): ImageClassifier {
  if (!Object.hasOwn(models, architecture)) {
    throw new ReatError(
      "config",
      `There is no architecture "${architecture}": choose one of ${modelNames.join(", ")}.`,
    );
  }
  if (!Number.isInteger(options.classes) || options.classes < 2) {
    throw new ReatError("config", `A network needs 2 or more classes, got ${options.classes}.`);
  }
  return models[architecture](options);
}
