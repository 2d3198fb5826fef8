// Random images with the labels of a long-tailed set: a step costs the same whatever the images show.
import type { ImageDataset } from "reat";
import { createDataset, type DeviceSplit, uploadSplit } from "reat/data";
import type { Device } from "reat/tensor";

/** A data set of random pixels with so many training images of each class, squares of `side` pixels. */
export function randomDataset(counts: readonly number[], side: number): ImageDataset {
  const labels = counts.flatMap((count, label) => Array.from({ length: count }, () => label));
  const images = new Uint8Array(labels.length * 3 * side * side);
  let state = 1;
  for (let i = 0; i < images.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    images[i] = state >>> 24;
  }
  const ids = counts.length <= 256 ? Uint8Array.from(labels) : Uint16Array.from(labels);
  const none = { images: new Uint8Array(0), labels: ids.slice(0, 0), count: 0 };
  return createDataset({
    name: "random",
    synthetic: true,
    classNames: counts.map((_, label) => `class ${label}`),
    height: side,
    width: side,
    train: { images, labels: ids, count: labels.length },
    test: none,
  });
}

export function randomSplit(counts: readonly number[], device: Device = "cpu", side = 32): DeviceSplit {
  const dataset = randomDataset(counts, side);
  return uploadSplit(dataset, dataset.train, device);
}
