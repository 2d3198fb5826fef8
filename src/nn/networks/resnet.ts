// ResNets: a stem for small images or for photographs, stages of residual blocks, average pooling, one linear layer.
import { type Generator, type MemoryFormat, maxPool2d, scope, type Tensor } from "../../tensor/index.js";
import { BatchNorm } from "../batch-norm.js";
import { ImageClassifier } from "../classifier.js";
import { classifierHead } from "../classifier-head.js";
import { Conv2d } from "../conv2d.js";
import type { ClassifierName } from "../cosine-linear.js";
import {
  currentLevers,
  inMapLayout,
  inPrecision,
  pooled,
  toBlocks,
  worthBlocking,
  worthTrainingInTiles,
} from "../fast/index.js";
import type { Layer } from "../module.js";
import { Relu, Sequential } from "../sequential.js";
import { BasicBlock, type BlockType, Bottleneck } from "./residual-block.js";

/** A stage: residual blocks of one width, the first of which has the stride. */
export interface StageDescription {
  readonly width: number;
  readonly blocks: number;
  readonly stride: number;
}

/** What tells one ResNet from another. */
export interface ResNetDescription {
  readonly architecture: string;
  readonly block: BlockType;
  /** Channels after the stem, a convolution of `stemKernel`×`stemKernel` (default 3) with `stemStride`. */
  readonly stemWidth: number;
  readonly stemStride: number;
  readonly stemKernel?: number;
  /** Whether maxima of 3×3 pixels with stride 2 follow the stem. Default: false. */
  readonly stemPooling?: boolean;
  readonly stages: readonly StageDescription[];
  /** How feature maps lie in memory. The values are the same; which is faster depends on widths and device. */
  readonly memoryFormat: MemoryFormat;
}

/** A residual network (He et al. 2016) whose parameters are named as in the published long-tailed robustness code. */
export class ResNet extends ImageClassifier {
  override readonly architecture: string;
  override readonly featureSize: number;
  readonly #memoryFormat: MemoryFormat;
  readonly #fitsBlocks: boolean;
  readonly #fitsTiles: boolean;
  /** A stem whose maps are pooled, outside of the body: its convolution is of a size that no block layout has. */
  readonly #pooledStem: Sequential | null;
  readonly #body: Sequential[];
  readonly #head: Layer;

  constructor(
    description: ResNetDescription,
    override readonly classes: number,
    generator: Generator,
    override readonly classifier: ClassifierName = "linear",
  ) {
    super();
    const { architecture, block: blockType, stemWidth, stemStride, stages } = description;
    const { stemKernel = 3, stemPooling = false } = description;
    this.architecture = architecture;
    this.#memoryFormat = description.memoryFormat;
    this.#fitsBlocks = [stemWidth, ...stages.map(({ width }) => width)].every((width) => width % 16 === 0);
    this.#fitsTiles = [stemStride, ...stages.map(({ stride }) => stride)].every((stride) => stride <= 2);
    const stem = new Sequential(
      new Conv2d(3, stemWidth, generator, { kernel: stemKernel, stride: stemStride }),
      new BatchNorm(stemWidth, { device: generator.device }),
      new Relu(),
    );
    this.child("conv1", stem);
    this.#pooledStem = stemPooling ? stem : null;
    this.#body = stemPooling ? [] : [stem];
    let channels = stemWidth;
    for (const [index, { width, blocks, stride }] of stages.entries()) {
      const layers = Array.from({ length: blocks }, (_, position) => {
        const layer = new blockType(channels, width, position === 0 ? stride : 1, generator);
        channels = width * blockType.expansion;
        return layer;
      });
      this.#body.push(this.child(`layer${index + 1}`, new Sequential(...layers)));
    }
    this.featureSize = channels;
    this.#head = this.child("fc", classifierHead(classifier, channels, classes, generator));
  }

  override features(images: Tensor): Tensor {
    return scope(() =>
      inPrecision(images, (input) =>
        pooled(
          this.#body.reduce((maps, part) => part.forward(maps), this.#laidOut(this.#begun(input))),
        ).flatten(1),
      ),
    );
  }

  #begun(images: Tensor): Tensor {
    return this.#pooledStem ? maxPool2d(this.#pooledStem.forward(images), 3, 2, 1) : images;
  }

  #laidOut(images: Tensor): Tensor {
    const tiles = this.mode === "fast" && this.#fitsTiles;
    const trains = this.mode === "train" || this.mode === "batch";
    if (trains && this.#fitsBlocks && this.#fitsTiles && worthTrainingInTiles(images))
      return toBlocks(images);
    if (this.isFrozen && this.#fitsBlocks && worthBlocking(images, tiles)) return toBlocks(images);
    return currentLevers().channelsLast
      ? inMapLayout(images, this.#memoryFormat)
      : images.contiguous("contiguous");
  }

  override classify(features: Tensor): Tensor {
    return this.#head.forward(features);
  }
}

/** ResNet-18 in its CIFAR form: 11.2 million parameters, 1.1 GFLOP (0.56 G multiply-adds) per image of 32×32. */
export const resnet18: ResNetDescription = {
  architecture: "resnet18",
  block: BasicBlock,
  stemWidth: 64,
  stemStride: 1,
  stages: [
    { width: 64, blocks: 2, stride: 1 },
    { width: 128, blocks: 2, stride: 2 },
    { width: 256, blocks: 2, stride: 2 },
    { width: 512, blocks: 2, stride: 2 },
  ],
  // Channels-last gains 5 % in attacks and training steps on two cores, but its rounding sends recorded attacks another way.
  memoryFormat: "contiguous",
};

const deeper = (block: BlockType, architecture: string): ResNetDescription => ({
  ...resnet18,
  architecture,
  block,
  stages: resnet18.stages.map((stage, index) => ({ ...stage, blocks: [3, 4, 6, 3][index]! })),
});

/** 21.3 million parameters, 2.3 GFLOP per image of 32×32. */
export const resnet34 = deeper(BasicBlock, "resnet34");

/** Bottleneck blocks: 23.5 million parameters, 2.6 GFLOP per image of 32×32. */
export const resnet50 = deeper(Bottleneck, "resnet50");

const forPhotographs = (description: ResNetDescription): ResNetDescription => ({
  ...description,
  architecture: `${description.architecture}-imagenet`,
  stemKernel: 7,
  stemStride: 2,
  stemPooling: true,
});

/** ResNet-18 as for ImageNet (He et al. 2016, table 1): 11.2 million parameters, 3.6 GFLOP per image of 224×224. */
export const resnet18ImageNet = forPhotographs(resnet18);

/** ResNet-50 as for ImageNet, its strides on the 3×3 convolutions: 23.5 million parameters, 8.2 GFLOP per image of 224×224. */
export const resnet50ImageNet = forPhotographs(resnet50);
