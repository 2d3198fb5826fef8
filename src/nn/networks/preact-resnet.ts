// PreActResNet-18: pre-activation blocks in the stages of ResNet-18, and a norm before the pooling.
import type { Generator, Tensor } from "../../tensor/index.js";
import { BatchNorm } from "../batch-norm.js";
import { ImageClassifier } from "../classifier.js";
import { classifierHead } from "../classifier-head.js";
import { Conv2d } from "../conv2d.js";
import type { ClassifierName } from "../cosine-linear.js";
import type { Layer } from "../module.js";
import { Sequential } from "../sequential.js";
import { PreActivationBlock } from "./pre-activation-block.js";
import { type PreActivationBody, preActivationFeatures } from "./pre-activation-body.js";

/** 11.2 million parameters; named as in the published adversarial training code, with its last norm "bn". */
export class PreActResNet18 extends ImageClassifier {
  override readonly architecture = "preact-resnet18";
  override readonly featureSize = 512;
  readonly #body: PreActivationBody;
  readonly #head: Layer;

  constructor(
    override readonly classes: number,
    generator: Generator,
    override readonly classifier: ClassifierName = "linear",
  ) {
    super();
    const widths = [64, 64, 128, 256, 512];
    const stem = this.child("conv1", new Conv2d(3, 64, generator));
    const blocks = widths.slice(1).flatMap((width, index) => {
      const first = new PreActivationBlock(widths[index]!, width, index === 0 ? 1 : 2, generator, "preact");
      const second = new PreActivationBlock(width, width, 1, generator, "preact");
      this.child(`layer${index + 1}`, new Sequential(first, second));
      return [first, second];
    });
    const norm = this.child("bn", new BatchNorm(this.featureSize, { device: generator.device }));
    this.#body = { stem, blocks, norm };
    this.#head = this.child("linear", classifierHead(classifier, this.featureSize, classes, generator));
  }

  override features(images: Tensor): Tensor {
    return preActivationFeatures(this.#body, images);
  }

  override classify(features: Tensor): Tensor {
    return this.#head.forward(features);
  }
}
