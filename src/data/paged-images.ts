// Images that stay in a file and are read when they are needed, so that a set of any size takes no memory.
import { closeSync, open, openSync, read, readSync } from "node:fs";
import { ReatError } from "../errors.js";
import { channelCount } from "./channels.js";
import type { StoredImages, StoredPlace } from "./stored-images.js";
import { cutWindow, middleOf } from "./window.js";

/** An image as it lies in its file: `[3, height, width]`. */
export interface WholeImage {
  readonly planes: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** Some of the images of a file. Owns nothing: the file is open only while it is read. */
export class PagedImages {
  /** @param positions of these images among those of the file, in their order */
  constructor(
    readonly stored: StoredImages,
    readonly positions: Uint32Array,
  ) {}

  /** The file they are in. */
  get file(): string {
    return this.stored.file;
  }

  /** Number of images. */
  get count(): number {
    return this.positions.length;
  }

  /** Bytes of an image as {@link read} gives it. */
  get imageBytes(): number {
    return this.stored.imageBytes;
  }

  /** Height and width of the whole image at `index`, which may be larger than what {@link read} gives. @throws ReatError `data` as {@link read} */
  sizeAt(index: number): { readonly height: number; readonly width: number } {
    return this.#placeOf(index);
  }

  /**
   * The images at `indices`, one after the other; the middle of those that are larger than the others.
   * @throws ReatError `data` for an index there is no image at, and where the file cannot be read or is cut off
   */
  read(indices: ArrayLike<number>): Uint8Array {
    const { imageBytes, stored } = this;
    const bytes = new Uint8Array(indices.length * imageBytes);
    this.#withFile((input) => {
      for (let i = 0; i < indices.length; i++) {
        const place = this.#placeOf(indices[i]!);
        const shown = bytes.subarray(i * imageBytes, (i + 1) * imageBytes);
        if (!stored.sizes) this.#fill(input, shown, place.start);
        else cutWindow(this.#whole(input, place), middleOf(place, stored), shown);
      }
    });
    return bytes;
  }

  /** The images at `indices` as they lie in the file. @throws ReatError `data` as {@link read} */
  readWhole(indices: ArrayLike<number>): WholeImage[] {
    return this.#withFile((input) =>
      Array.from(indices, (index) => this.#whole(input, this.#placeOf(index))),
    );
  }

  /**
   * Lets the system read the images at `indices` into its own memory while something else is done, so that they are there when
   * they are asked for. What goes wrong is found when they are.
   */
  readAhead(indices: ArrayLike<number>): void {
    const places = Array.from(indices, (index) => this.#placeOf(index));
    if (places.length === 0) return;
    open(this.file, "r", (failure, input) => {
      if (failure) return;
      // Nobody looks at these bytes: one piece of memory serves all.
      const scratch = Buffer.allocUnsafeSlow(Math.max(...places.map(bytesOf)));
      let left = places.length;
      for (const place of places) {
        read(input, scratch, 0, bytesOf(place), place.start, () => {
          left--;
          if (left === 0) closeSync(input);
        });
      }
    });
  }

  /** The images at `indices`, in that order. @throws ReatError `data` as {@link read} */
  select(indices: ArrayLike<number>): PagedImages {
    const positions = Uint32Array.from(indices, (index) => this.#positionOf(index));
    return new PagedImages(this.stored, positions);
  }

  #whole(input: number, place: StoredPlace): WholeImage {
    const planes = new Uint8Array(bytesOf(place));
    this.#fill(input, planes, place.start);
    return { planes, height: place.height, width: place.width };
  }

  #fill(input: number, bytes: Uint8Array, start: number): void {
    for (let done = 0; done < bytes.length; ) {
      const got = readSync(input, bytes, done, bytes.length - done, start + done);
      if (got === 0) {
        throw new ReatError("data", `${this.file} was cut off while it was used; prepare the data again.`);
      }
      done += got;
    }
  }

  #placeOf(index: number): StoredPlace {
    return this.stored.at(this.#positionOf(index));
  }

  #positionOf(index: number): number {
    const position = this.positions[index];
    if (position !== undefined) return position;
    throw new ReatError(
      "data",
      `Image ${index} was asked for; this split holds images 0 to ${this.count - 1}.`,
    );
  }

  #withFile<T>(use: (input: number) => T): T {
    const input = this.#open();
    try {
      return use(input);
    } finally {
      closeSync(input);
    }
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

function bytesOf({ height, width }: StoredPlace): number {
  return channelCount * height * width;
}

/** 0, 1, … `count` − 1. */
export function inOrder(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => i);
}
