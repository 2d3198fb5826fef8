// Random numbers of a batch in which each image has a stream of its own: what it gets depends on no other image.
import { createHash } from "node:crypto";
import {
  cat,
  type DType,
  Generator,
  keep,
  rand,
  randint,
  randn,
  scope,
  type Tensor,
} from "../tensor/index.js";

/** A seed for each of `count` images, drawn from the batch's own stream. */
export function drawSeeds(count: number, generator: Generator): number[] {
  return scope(() => randint(0, 2 ** 31, [count], generator).toArray());
}

/** A seed from 0 to 2^48 − 1 that stands for these words alone. */
export function seedOf(...words: readonly (string | number)[]): number {
  return createHash("sha256").update(words.join("/")).digest().readUIntBE(0, 6);
}

/** Seeds of the images at `rows` for one of their attempts. */
export function seedsOfTurn(seeds: readonly number[], rows: Tensor, turn: number): number[] {
  return rows.toArray().map((row) => seedOf(seeds[row]!, "turn", turn));
}

/** Noise of the images' shape, image by image. Each call draws anew. */
export class ImageDraws {
  readonly #seeds: readonly number[];
  readonly #generator: Generator;
  #calls = 0;

  /** @param seeds one for each image of the batch */
  constructor(seeds: readonly number[], device: Generator["device"]) {
    this.#seeds = seeds;
    this.#generator = new Generator(0, device);
  }

  /** Uniform from 0 to 1: [N, ...shape]. */
  rand(shape: readonly number[], dtype: DType): Tensor {
    return this.#each((generator) => rand([1, ...shape], generator, dtype));
  }

  /** Normal: [N, ...shape]. */
  randn(shape: readonly number[], dtype: DType): Tensor {
    return this.#each((generator) => randn([1, ...shape], generator, dtype));
  }

  /** −1 or 1: [N, ...shape]. */
  signs(shape: readonly number[], dtype: DType): Tensor {
    return scope(() =>
      this.#each((generator) => randint(0, 2, [1, ...shape], generator))
        .to(dtype)
        .mul_(2)
        .sub_(1),
    );
  }

  #each(draw: (generator: Generator) => Tensor): Tensor {
    const call = this.#calls++;
    return scope(() =>
      cat(
        this.#seeds.map((seed) => {
          this.#generator.reseed(seedOf(seed, call));
          return draw(this.#generator);
        }),
      ),
    );
  }
}

/** Calls of `next` that one drawing serves. */
const drawnAtOnce = 256;

/** Signs for proposals that follow each other quickly: drawn for many of them at once. Owns a tensor: dispose it. */
export class SignStream implements Disposable {
  readonly #draws: ImageDraws;
  readonly #channels: number;
  readonly #dtype: DType;
  #block: Tensor | null = null;
  #used = 0;

  constructor(draws: ImageDraws, channels: number, dtype: DType) {
    this.#draws = draws;
    this.#channels = channels;
    this.#dtype = dtype;
  }

  /** @param rows places of the images in the batch, int64 [n]; @returns −1 or 1 for each of their channels: [n, channels, 1, 1] */
  next(rows: Tensor): Tensor {
    if (this.#block === null || this.#used === drawnAtOnce) {
      this.#block?.dispose();
      this.#block = keep(this.#draws.signs([drawnAtOnce, this.#channels, 1, 1], this.#dtype));
      this.#used = 0;
    }
    return this.#block.select(1, this.#used++).indexSelect(0, rows);
  }

  [Symbol.dispose](): void {
    this.#block?.dispose();
    this.#block = null;
  }
}
