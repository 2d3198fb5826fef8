// WideResNets: few, wide stages of pre-activation blocks.
import { type Generator, noGrad, operator, type Tensor } from "../../tensor/index.js";
import { BatchNorm } from "../batch-norm.js";
import { ImageClassifier } from "../classifier.js";
import { classifierHead } from "../classifier-head.js";
import { Conv2d } from "../conv2d.js";
import type { ClassifierName } from "../cosine-linear.js";
import { type Layer, Module } from "../module.js";
import { Sequential } from "../sequential.js";
import { PreActivationBlock } from "./pre-activation-block.js";
import { type PreActivationBody, preActivationFeatures } from "./pre-activation-body.js";

const normalInPlace = operator("normal_");

/** What tells one WideResNet from another. */
export interface WideResNetDescription {
  readonly architecture: string;
  /** 6·n + 4: n blocks in each of three stages. */
  readonly depth: number;
  /** Widths are 16, 32 and 64 times this. */
  readonly widen: number;
}

/** Blocks of one width, the first of which has the stride; named as in the published code. */
class Stage extends Module {
  readonly blocks: readonly PreActivationBlock[];

  constructor(blocks: number, inputs: number, outputs: number, stride: number, generator: Generator) {
    super();
    this.blocks = Array.from({ length: blocks }, (_, index) =>
      index === 0
        ? new PreActivationBlock(inputs, outputs, stride, generator, "wide")
        : new PreActivationBlock(outputs, outputs, 1, generator, "wide"),
    );
    this.child("layer", new Sequential(...this.blocks));
  }
}

/** Zagoruyko and Komodakis 2016; parameters are named as in the published adversarial training code. */
export class WideResNet extends ImageClassifier {
  override readonly architecture: string;
  override readonly featureSize: number;
  readonly #body: PreActivationBody;
  readonly #head: Layer;

  constructor(
    { architecture, depth, widen }: WideResNetDescription,
    override readonly classes: number,
    generator: Generator,
    override readonly classifier: ClassifierName = "linear",
  ) {
    super();
    this.architecture = architecture;
    const blocks = (depth - 4) / 6;
    const widths = [16, 16 * widen, 32 * widen, 64 * widen] as const;
    const stem = this.child("conv1", new Conv2d(3, widths[0], generator));
    const stages = [1, 2, 2].map((stride, index) =>
      this.child(
        `block${index + 1}`,
        new Stage(blocks, widths[index]!, widths[index + 1]!, stride, generator),
      ),
    );
    this.featureSize = widths[3];
    const norm = this.child("bn1", new BatchNorm(this.featureSize, { device: generator.device }));
    this.#head = this.child("fc", classifierHead(classifier, this.featureSize, classes, generator));
    this.#body = { stem, blocks: stages.flatMap((stage) => stage.blocks), norm };
    this.#initialise(generator);
  }

  override features(images: Tensor): Tensor {
    return preActivationFeatures(this.#body, images);
  }

  override classify(features: Tensor): Tensor {
    return this.#head.forward(features);
  }

  /** The published initialisation: convolutions normal with variance 2/(outputs·kernel²), the last bias 0. */
  #initialise(generator: Generator): void {
    noGrad(() => {
      for (const [name, tensor] of this.namedParameters()) {
        if (tensor.shape.length === 4) {
          const [outputs, , height, width] = tensor.shape as [number, number, number, number];
          normalInPlace(tensor, 0, Math.sqrt(2 / (outputs * height * width)), generator);
        } else if (name === "fc.bias") tensor.zero_();
      }
    });
  }
}

/** 36.5 million parameters, 10.5 GFLOP per image of 32×32. */
export const wrn28x10: WideResNetDescription = { architecture: "wrn28_10", depth: 28, widen: 10 };

/** 46.2 million parameters, 13.3 GFLOP per image of 32×32. */
export const wrn34x10: WideResNetDescription = { architecture: "wrn34_10", depth: 34, widen: 10 };
