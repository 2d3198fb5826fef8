// The networks by name.
import { ReatError } from "../../errors.js";
import type { Generator } from "../../tensor/index.js";
import type { ImageClassifier } from "../classifier.js";
import type { ClassifierName } from "../cosine-linear.js";
import { laptopResNet } from "./laptop-resnet.js";
import { PreActResNet18 } from "./preact-resnet.js";
import { ResNet, resnet18, resnet34, resnet50 } from "./resnet.js";
import { requireSmallCnnSize, SmallCnn } from "./small-cnn.js";
import { smallResNet } from "./small-resnet.js";
import { WideResNet, wrn28x10, wrn34x10 } from "./wide-resnet.js";

/** What a network is built with. */
export interface ModelOptions {
  /** Number of classes, at least 2. */
  readonly classes: number;
  /** Source of the initial weights; its device becomes the network's. */
  readonly generator: Generator;
  /** The last layer. Default: "linear". */
  readonly classifier?: ClassifierName;
}

const models = {
  resnet18: ({ classes, generator, classifier }) => new ResNet(resnet18, classes, generator, classifier),
  resnet34: ({ classes, generator, classifier }) => new ResNet(resnet34, classes, generator, classifier),
  resnet50: ({ classes, generator, classifier }) => new ResNet(resnet50, classes, generator, classifier),
  "preact-resnet18": ({ classes, generator, classifier }) =>
    new PreActResNet18(classes, generator, classifier),
  wrn28_10: ({ classes, generator, classifier }) => new WideResNet(wrn28x10, classes, generator, classifier),
  wrn34_10: ({ classes, generator, classifier }) => new WideResNet(wrn34x10, classes, generator, classifier),
  "laptop-resnet": ({ classes, generator, classifier }) =>
    new ResNet(laptopResNet, classes, generator, classifier),
  "small-resnet": ({ classes, generator, classifier }) =>
    new ResNet(smallResNet, classes, generator, classifier),
  smallcnn: ({ classes, generator, classifier }) => new SmallCnn(classes, generator, classifier),
} satisfies Record<string, (options: ModelOptions) => ImageClassifier>;

/** The name of a network. */
export type ModelName = keyof typeof models;

/** All names `buildModel` takes. */
export const modelNames = Object.keys(models) as readonly ModelName[];

/** @throws ReatError `config` for images of a size that the network does not take; all but smallcnn take any */
export function requireImageSize(
  architecture: ModelName,
  size: { readonly height: number; readonly width: number },
): void {
  if (architecture === "smallcnn") requireSmallCnnSize(size);
}

/**
 * A freshly initialised network in mode "train".
 * @throws ReatError `config` for an unknown architecture or classifier, or an impossible number of classes
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
