// Vision transformers: patches of the image as tokens, blocks of attention and two linear layers, the class token's features.
import { ReatError } from "../../errors.js";
import {
  type Generator,
  gelu,
  noGrad,
  operator,
  pad,
  scope,
  type Tensor,
  zeros,
} from "../../tensor/index.js";
import { ImageClassifier } from "../classifier.js";
import { classifierHead } from "../classifier-head.js";
import { Conv2d } from "../conv2d.js";
import type { ClassifierName } from "../cosine-linear.js";
import { type DropPath, dropsOfBlocks, joinBranch } from "../drop-path.js";
import { inPrecision } from "../fast/index.js";
import { LayerNorm } from "../layer-norm.js";
import { Linear } from "../linear.js";
import { Layer } from "../module.js";
import { type ImageSides, requireSides } from "./image-size.js";

const normalInPlace = operator("normal_");

/** What tells one vision transformer from another. */
export interface VisionTransformerDescription {
  readonly architecture: string;
  /** Side of a patch in pixels. */
  readonly patch: number;
  /** Features of a token. */
  readonly width: number;
  readonly blocks: number;
  /** Heads of attention; they divide the width. */
  readonly heads: number;
}

/** softmax(q·kᵀ/√d)·v by head (Vaswani et al. 2017, equation 1), and a linear layer on the heads together. */
class Attention extends Layer {
  readonly #qkv: Linear;
  readonly #projection: Linear;

  constructor(
    readonly width: number,
    readonly heads: number,
    generator: Generator,
  ) {
    super();
    this.#qkv = this.child("qkv", new Linear(width, 3 * width, generator));
    this.#projection = this.child("proj", new Linear(width, width, generator));
  }

  override forward(tokens: Tensor): Tensor {
    const length = tokens.shape[1]!;
    const size = this.width / this.heads;
    return scope(() => {
      const parts = this.#qkv.forward(tokens).reshape([-1, length, 3, this.heads, size]);
      const [queries, keys, values] = [0, 1, 2].map((part) =>
        parts.select(2, part).permute([0, 2, 1, 3]),
      ) as [Tensor, Tensor, Tensor];
      const weights = queries
        .mul(size ** -0.5)
        .matmul(keys.permute([0, 1, 3, 2]))
        .softmax(3);
      const mixed = weights.matmul(values).permute([0, 2, 1, 3]).reshape([-1, length, this.width]);
      return this.#projection.forward(mixed);
    });
  }
}

/** Norm and attention, then norm and two linear layers with GELU, each beside its input (Dosovitskiy et al. 2021, equations 2 and 3). */
class Block extends Layer {
  readonly #norm1: LayerNorm;
  readonly #attention: Attention;
  readonly #norm2: LayerNorm;
  readonly #wide: Linear;
  readonly #narrow: Linear;
  readonly #drop: DropPath | null;

  constructor(width: number, heads: number, generator: Generator, drop: DropPath | null) {
    super();
    this.#drop = drop;
    const { device } = generator;
    this.#norm1 = this.child("norm1", new LayerNorm(width, { device }));
    this.#attention = this.child("attn", new Attention(width, heads, generator));
    this.#norm2 = this.child("norm2", new LayerNorm(width, { device }));
    this.#wide = this.child("mlp.fc1", new Linear(width, 4 * width, generator));
    this.#narrow = this.child("mlp.fc2", new Linear(4 * width, width, generator));
  }

  override forward(tokens: Tensor): Tensor {
    return scope(() => {
      const join = (input: Tensor, branch: Tensor) => joinBranch(input, branch, this.#drop, this.mode);
      const attended = join(tokens, this.#attention.forward(this.#norm1.forward(tokens)));
      const wide = gelu(this.#wide.forward(this.#norm2.forward(attended)));
      return join(attended, this.#narrow.forward(wide));
    });
  }
}

/** Dosovitskiy et al. 2021, "An Image is Worth 16×16 Words", without dropout; parameters are named as in timm. */
export class VisionTransformer extends ImageClassifier {
  override readonly architecture: string;
  override readonly featureSize: number;
  readonly #imageSize: ImageSides;
  readonly #classToken: Tensor;
  readonly #positions: Tensor;
  readonly #patches: Conv2d;
  readonly #blocks: readonly Block[];
  readonly #norm: LayerNorm;
  readonly #head: Layer;

  /**
   * @param imageSize of all images: each patch has a position of its own
   * @param dropPath each block's two branches are left out each by itself, at the block's rate
   * @throws ReatError `config` for sides that are no multiples of the patch, or a rate of stochastic depth out of its range
   */
  constructor(
    { architecture, patch, width, blocks, heads }: VisionTransformerDescription,
    override readonly classes: number,
    generator: Generator,
    override readonly classifier: ClassifierName = "linear",
    imageSize: ImageSides = { height: 224, width: 224 },
    dropPath: DropPath | null = null,
  ) {
    super();
    const drops = dropsOfBlocks(dropPath, blocks);
    requireSides(architecture, imageSize, { multiple: patch });
    this.architecture = architecture;
    this.featureSize = width;
    this.#imageSize = imageSize;
    const { device } = generator;
    const tokens = 1 + (imageSize.height / patch) * (imageSize.width / patch);
    this.#classToken = this.parameter("cls_token", zeros([1, 1, width], { device }));
    this.#positions = this.parameter("pos_embed", zeros([1, tokens, width], { device }));
    const cut = { kernel: patch, stride: patch, padding: 0, bias: true };
    this.#patches = this.child("patch_embed.proj", new Conv2d(3, width, generator, cut));
    this.#blocks = Array.from({ length: blocks }, (_, index) =>
      this.child(`blocks.${index}`, new Block(width, heads, generator, drops[index]!)),
    );
    this.#norm = this.child("norm", new LayerNorm(width, { device }));
    this.#initialise(generator);
    this.#head = this.child("head", classifierHead(classifier, width, classes, generator));
  }

  override layerOf(parameter: string): string {
    if (/^(cls_token|pos_embed|patch_embed)/.test(parameter)) return "embedding";
    return /^(blocks\.\d+)\./.exec(parameter)?.[1] ?? super.layerOf(parameter);
  }

  /** @throws ReatError `config` for images of another size than it was built for */
  override features(images: Tensor): Tensor {
    const [, , height, width] = images.shape as [number, number, number, number];
    const own = this.#imageSize;
    if (height !== own.height || width !== own.width) {
      throw new ReatError(
        "config",
        `This ${this.architecture} takes images of ${own.width}×${own.height}, the size it was built for, got ${width}×${height}.`,
      );
    }
    return scope(() =>
      inPrecision(images, (input) => {
        const patches = this.#patches.forward(input).flatten(2).permute([0, 2, 1]);
        // The class token stands in a row of zeros before the patches: a size of the batch in no operator can be exported for any.
        const after = this.#positions.shape[1]! - 1;
        const places = this.#positions.add(pad(this.#classToken, [0, 0, 0, after]));
        const tokens = pad(patches, [0, 0, 1, 0]).add(places);
        const last = this.#blocks.reduce((value, block) => block.forward(value), tokens);
        // A norm looks at one token alone, and only the class token's is used.
        return this.#norm.forward(last.select(1, 0));
      }),
    );
  }

  override classify(features: Tensor): Tensor {
    return this.#head.forward(features);
  }

  /** timm's initialisation: weights and positions normal with deviation 0.02, the class token's 1e-6, biases 0. */
  #initialise(generator: Generator): void {
    noGrad(() => {
      for (const [name, tensor] of this.namedParameters()) {
        if (name === "cls_token") normalInPlace(tensor, 0, 1e-6, generator);
        else if (tensor.ndim >= 2) normalInPlace(tensor, 0, 0.02, generator);
        else if (name.endsWith("bias")) tensor.zero_();
      }
    });
  }
}

/** ViT-S/16: 21.7 million parameters, 9.2 GFLOP (4.6 G multiply-adds) per image of 224×224. */
export const vitSmall16: VisionTransformerDescription = {
  architecture: "vit-s16",
  patch: 16,
  width: 384,
  blocks: 12,
  heads: 6,
};
