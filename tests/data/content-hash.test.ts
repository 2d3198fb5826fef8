// The hash of a split's images: the same however they lie, another for another picture or another class.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { contentHash } from "../../src/data/content-hash.js";
import { createDataset, type ImageSplit, selectImages } from "../../src/data/dataset.js";
import { readPacked, writePacked } from "../../src/data/store/index.js";
import { temporaryFolder } from "./files.js";

const names = ["ant", "bee"];
/** Images of one pixel; the first number of each tells it from the others. */
const split = (reds: readonly number[], labels: readonly number[]): ImageSplit => ({
  images: Uint8Array.from(reds.flatMap((red) => [red, 1, 2])),
  labels: Uint8Array.from(labels),
  count: reds.length,
});
const everything = [0, 1, 2];
const hash = contentHash(split([5, 6, 7], [0, 1, 1]), names, everything);

describe("images in memory", () => {
  it("in another order, with classes in another order, are the same", () => {
    expect(hash).toMatch(/^images:[0-9a-f]{64}$/);
    expect(contentHash(split([7, 5, 6], [1, 0, 1]), names, everything)).toBe(hash);
    expect(contentHash(split([5, 6, 7], [1, 0, 0]), ["bee", "ant"], everything)).toBe(hash);
    expect(contentHash(split([9, 5, 6, 7], [0, 0, 1, 1]), names, [1, 2, 3])).toBe(hash);
  });

  it("of which one is another, is of another class or is missing are not", () => {
    expect(contentHash(split([5, 6, 8], [0, 1, 1]), names, everything)).not.toBe(hash);
    expect(contentHash(split([5, 6, 7], [0, 0, 1]), names, everything)).not.toBe(hash);
    expect(contentHash(split([5, 6, 7], [0, 1, 1]), ["ant", "wasp"], everything)).not.toBe(hash);
    expect(contentHash(split([5, 6, 7], [0, 1, 1]), names, [0, 1])).not.toBe(hash);
  });
});

describe("images in a packed file", () => {
  const packed = (reds: readonly number[]) => {
    const file = join(temporaryFolder(), "set.reatpack");
    const train = split(reds, [0, 1, 1]);
    writePacked(
      file,
      createDataset({
        name: "set",
        synthetic: false,
        classNames: names,
        height: 1,
        width: 1,
        train,
        test: train,
      }),
    );
    return readPacked(file, 0).train;
  };

  it("have the file's checksum, whichever of them are asked for", () => {
    const paged = packed([5, 6, 7]);
    expect(paged.pages).toBeDefined();
    const own = contentHash(paged, names, everything);
    expect(own).toMatch(/^file:[0-9a-f]{8}$/);
    expect(contentHash(selectImages(paged, [2]), names, [0])).toBe(own);
    expect(contentHash(packed([5, 6, 7]), names, everything)).toBe(own);
    expect(contentHash(packed([5, 6, 8]), names, everything)).not.toBe(own);
  });
});
