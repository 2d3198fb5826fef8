// Where decoded images wait on the disk until their order is known, if they are too many for the memory.
import { closeSync, openSync, statfsSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "../../durable-file.js";
import { ReatError } from "../../errors.js";
import { channelCount } from "../channels.js";
import { inOrder, PagedImages } from "../paged-images.js";
import { StoredImages } from "../stored-images.js";
import type { DecodedImage, ImageSize } from "./image-decoder.js";

/** Writes a file that its user names and removes. */
export class ImageSpill {
  readonly #output: number;
  readonly #sizes: number[] = [];
  #written = 0;

  /** @throws ReatError `disk` where there is no room for the images here and in the packed file that is made of them */
  constructor(
    readonly file: string,
    /** Of what is shown of each image. */
    readonly shown: ImageSize,
    /** Whether images may be larger than that, each in its way. */
    readonly whole: boolean,
    expected: number,
  ) {
    makeFolder(dirname(file));
    const { bavail, bsize } = statfsSync(dirname(file));
    const needed = 2 * expected * channelCount * shown.height * shown.width;
    const free = bavail * bsize;
    if (needed > free) {
      const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
      throw new ReatError(
        "disk",
        `${expected} images take ${gigabytes(needed)} of disk in ${dirname(file)} while they are prepared, and ${gigabytes(free)} are free; scale them with --resize <pixels> (data.resize), or name another cache with REAT_CACHE.`,
      );
    }
    this.#output = openSync(file, "w");
  }

  /** @returns the image's position among those added */
  add({ planes, height, width }: DecodedImage): number {
    const at = this.#sizes.length / 2;
    this.#sizes.push(height, width);
    try {
      for (let done = 0; done < planes.length; ) {
        done += writeSync(this.#output, planes, done, planes.length - done, this.#written + done);
      }
      this.#written += planes.length;
    } catch (cause) {
      throw new ReatError("disk", `${this.file} cannot be written: ${(cause as Error).message}.`, { cause });
    }
    return at;
  }

  /** No image is added after this. */
  end(): void {
    closeSync(this.#output);
  }

  /** All images, in the order they were added. */
  images(): PagedImages {
    const { file, shown, whole } = this;
    const sizes = whole ? Uint32Array.from(this.#sizes) : null;
    return new PagedImages(
      new StoredImages(file, 0, shown.height, shown.width, sizes),
      inOrder(this.#sizes.length / 2),
    );
  }
}
