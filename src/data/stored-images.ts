// Where each image of a file lies, and how large it is.
import { channelCount } from "./channels.js";

/** Place of one image in its file. */
export interface StoredPlace {
  /** Bytes before it. */
  readonly start: number;
  readonly height: number;
  readonly width: number;
}

/** Images `[3, height, width]` in a file, one after the other. */
export class StoredImages {
  readonly #starts: Float64Array | null;

  /**
   * @param offset bytes before the first image of the file
   * @param height of what is shown of each image, which is all of it unless `sizes` says more
   * @param width likewise
   * @param sizes height and width of one image after another, where they are unequal; at least `height` and `width` each
   * @param checksum CRC-32 of the bytes of all images, where it is known
   */
  constructor(
    readonly file: string,
    readonly offset: number,
    readonly height: number,
    readonly width: number,
    readonly sizes: Uint32Array | null = null,
    readonly checksum: number | null = null,
  ) {
    this.#starts = sizes && startsOf(sizes, offset);
  }

  /** Bytes of an image as it is shown. */
  get imageBytes(): number {
    return channelCount * this.height * this.width;
  }

  /** @param position below the number of images, which the caller knows */
  at(position: number): StoredPlace {
    const { height, width, offset, sizes, imageBytes } = this;
    if (!sizes) return { start: offset + position * imageBytes, height, width };
    return {
      start: this.#starts![position]!,
      height: sizes[2 * position]!,
      width: sizes[2 * position + 1]!,
    };
  }
}

function startsOf(sizes: Uint32Array, offset: number): Float64Array {
  const starts = new Float64Array(sizes.length / 2);
  let at = offset;
  for (let i = 0; i < starts.length; i++) {
    starts[i] = at;
    at += channelCount * sizes[2 * i]! * sizes[2 * i + 1]!;
  }
  return starts;
}
