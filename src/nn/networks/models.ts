// The networks by name.
import { ReatError } from "../../errors.js";
import type { Generator } from "../../tensor/index.js";
import type { ImageClassifier } from "../classifier.js";
import type { ClassifierName } from "../cosine-linear.js";
import type { DropPath } from "../drop-path.js";
import { ConvNext, convNextTiny } from "./convnext.js";
import { type ImageSides, requireSides } from "./image-size.js";
import { laptopResNet } from "./laptop-resnet.js";
import { PreActResNet18 } from "./preact-resnet.js";
import { ResNet, resnet18, resnet18ImageNet, resnet34, resnet50, resnet50ImageNet } from "./resnet.js";
import { requireSmallCnnSize, SmallCnn } from "./small-cnn.js";
import { smallResNet } from "./small-resnet.js";
import { VisionTransformer, vitSmall16 } from "./vision-transformer.js";
import { WideResNet, wrn28x10, wrn34x10 } from "./wide-resnet.js";

/** What a network is built with. */
export interface ModelOptions {
  /** Number of classes, at least 2. */
  readonly classes: number;
  /** Source of the initial weights; its device becomes the network's. */
  readonly generator: Generator;
  /** The last layer. Default: "linear". */
  readonly classifier?: ClassifierName;
  /** Of all images, for networks that learn a vector for each place in them (vit-s16). Default: 224×224. */
  readonly imageSize?: ImageSides;
  /** Stochastic depth in training, of the networks in `dropPathNetworks`. Default: null, none. */
  readonly dropPath?: DropPath | null;
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
  "resnet18-imagenet": ({ classes, generator, classifier }) =>
    new ResNet(resnet18ImageNet, classes, generator, classifier),
  "resnet50-imagenet": ({ classes, generator, classifier }) =>
    new ResNet(resnet50ImageNet, classes, generator, classifier),
  "convnext-tiny": ({ classes, generator, classifier, dropPath }) =>
    new ConvNext(convNextTiny, classes, generator, classifier, dropPath),
  "vit-s16": ({ classes, generator, classifier, imageSize, dropPath }) =>
    new VisionTransformer(vitSmall16, classes, generator, classifier, imageSize, dropPath),
} satisfies Record<string, (options: ModelOptions) => ImageClassifier>;

/** Networks with stochastic depth. */
export const dropPathNetworks: readonly ModelName[] = ["convnext-tiny", "vit-s16"];

/** The name of a network. */
export type ModelName = keyof typeof models;

/** All names `buildModel` takes. */
export const modelNames = Object.keys(models) as readonly ModelName[];

/** @throws ReatError `config` for images of a size that the network does not take */
export function requireImageSize(architecture: ModelName, size: ImageSides): void {
  if (architecture === "smallcnn") requireSmallCnnSize(size);
  if (architecture === "convnext-tiny") requireSides(architecture, size, { least: 32 });
  if (architecture === "vit-s16") requireSides(architecture, size, { multiple: vitSmall16.patch });
}

/**
 * A freshly initialised network in mode "train".
 * @throws ReatError `config` for an unknown architecture or classifier, an impossible number of classes, or stochastic depth where there is none
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
  if (options.dropPath && !dropPathNetworks.includes(architecture)) {
    throw new ReatError(
      "config",
      `${architecture} has no stochastic depth: leave it out, or choose one of ${dropPathNetworks.join(", ")}.`,
    );
  }
  return models[architecture](options);
}
