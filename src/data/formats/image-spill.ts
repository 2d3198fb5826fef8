// Where decoded images wait on the disk until their order is known, if they are too many for the memory.
import { closeSync, openSync, statfsSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "../../durable-file.js";
import { ReatError } from "../../errors.js";
import { inOrder, PagedImages } from "../paged-images.js";

/** Writes a file that its user names and removes. */
export class ImageSpill {
  readonly #output: number;
  #count = 0;

  /** @throws ReatError `disk` where there is no room for the images here and in the packed file that is made of them */
  constructor(
    readonly file: string,
    readonly imageBytes: number,
    expected: number,
  ) {
    makeFolder(dirname(file));
    const { bavail, bsize } = statfsSync(dirname(file));
    const [needed, free] = [2 * expected * imageBytes, bavail * bsize];
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
  add(planes: Uint8Array): number {
    const at = this.#count++;
    try {
      for (let done = 0; done < planes.length; ) {
        done += writeSync(this.#output, planes, done, planes.length - done, at * this.imageBytes + done);
      }
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
    return new PagedImages(this.file, 0, this.imageBytes, inOrder(this.#count));
  }
}
