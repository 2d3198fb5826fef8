// PreActResNet-18: pre-activation blocks in the stages of ResNet-18, and a norm before the pooling.
import { type Generator, scope, type Tensor } from "../../tensor/index.js";
import { BatchNorm } from "../batch-norm.js";
import { ImageClassifier } from "../classifier.js";
import { classifierHead } from "../classifier-head.js";
import { Conv2d } from "../conv2d.js";
import type { ClassifierName } from "../cosine-linear.js";
import { inMapLayout, inPrecision, pooled } from "../fast/index.js";
import type { Layer } from "../module.js";
import { Sequential } from "../sequential.js";
import { PreActivationBlock } from "./pre-activation-block.js";

/** 11.2 million parameters; named as in the published adversarial training code, with its last norm "bn". */
export class PreActResNet18 extends ImageClassifier {
  override readonly architecture = "preact-resnet18";
  override readonly featureSize = 512;
  readonly #body: readonly Layer[];
  readonly #norm: BatchNorm;
  readonly #head: Layer;

  constructor(
    override readonly classes: number,
    generator: Generator,
    override readonly classifier: ClassifierName = "linear",
  ) {
    super();
    const widths = [64, 64, 128, 256, 512];
    const stem = this.child("conv1", new Conv2d(3, 64, generator));
    const stages = widths.slice(1).map((width, index) => {
      const first = new PreActivationBlock(widths[index]!, width, index === 0 ? 1 : 2, generator, "preact");
      const second = new PreActivationBlock(width, width, 1, generator, "preact");
      return this.child(`layer${index + 1}`, new Sequential(first, second));
    });
    this.#body = [stem, ...stages];
    this.#norm = this.child("bn", new BatchNorm(this.featureSize, { device: generator.device }));
    this.#head = this.child("linear", classifierHead(classifier, this.featureSize, classes, generator));
  }

  override features(images: Tensor): Tensor {
    return scope(() =>
      inPrecision(images, (input) => {
        const laidOut = inMapLayout(input, null);
        const maps = this.#body.reduce((value, part) => part.forward(value), laidOut);
        return pooled(this.#norm.forward(maps).relu_());
      }),
    );
  }

  override classify(features: Tensor): Tensor {
    return this.#head.forward(features);
  }
}
