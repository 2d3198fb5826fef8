// Images of one size that stay in a file and are read when they are needed, so that a set of any size takes no memory.
import { closeSync, openSync, readSync } from "node:fs";
import { ReatError } from "../errors.js";

/** Images `[3, height, width]` in a file, one after the other. Owns nothing: the file is open only while it is read. */
export class PagedImages {
  /**
   * @param offset bytes before the first image of the file
   * @param imageBytes of one image
   * @param positions of these images in the file, in their order
   */
  constructor(
    readonly file: string,
    readonly offset: number,
    readonly imageBytes: number,
    readonly positions: Uint32Array,
  ) {}

  /** Number of images. */
  get count(): number {
    return this.positions.length;
  }

  /**
   * The bytes of the images at `indices`, one after the other.
   * @throws ReatError `data` for an index there is no image at, and where the file cannot be read or is cut off
   */
  read(indices: ArrayLike<number>): Uint8Array {
    const { imageBytes } = this;
    const bytes = new Uint8Array(indices.length * imageBytes);
    const input = this.#open();
    try {
      for (let i = 0; i < indices.length; i++) {
        const start = this.offset + this.#positionOf(indices[i]!) * imageBytes;
        for (let done = 0; done < imageBytes; ) {
          const read = readSync(input, bytes, i * imageBytes + done, imageBytes - done, start + done);
          if (read === 0)
            throw new ReatError(
              "data",
              `${this.file} was cut off while it was used; prepare the data again.`,
            );
          done += read;
        }
      }
    } finally {
      closeSync(input);
    }
    return bytes;
  }

  /** The images at `indices`, in that order. @throws ReatError `data` as {@link read} */
  select(indices: ArrayLike<number>): PagedImages {
    const positions = Uint32Array.from(indices, (index) => this.#positionOf(index));
    return new PagedImages(this.file, this.offset, this.imageBytes, positions);
  }

  #positionOf(index: number): number {
    const position = this.positions[index];
    if (position !== undefined) return position;
    throw new ReatError(
      "data",
      `Image ${index} was asked for; this split holds images 0 to ${this.count - 1}.`,
    );
  }

  #open(): number {
    try {
      return openSync(this.file, "r");
    } catch (cause) {
      throw new ReatError(
        "data",
        `The images in ${this.file} cannot be read any more: ${(cause as Error).message}.`,
        { cause },
      );
    }
  }
}

/** 0, 1, … `count` − 1. */
export function inOrder(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => i);
}
