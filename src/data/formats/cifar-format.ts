// CIFAR-10 and CIFAR-100 as a form of data sets: their files in a folder, or the archive as it is distributed.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { type CifarLayout, cifarLayouts } from "./cifar.js";
import { readCifarBinary } from "./cifar-binary.js";
import { readCifarPickled } from "./cifar-pickled.js";
import { defineFormat, type Finding } from "./format.js";
import { baseName } from "./names.js";

/** CIFAR, with the layout of its files. */
export interface CifarSource {
  readonly form: "cifar";
  readonly path: string;
  readonly layout: CifarLayout;
}

const found = (path: string, layout: CifarLayout, certain = true): Finding<CifarSource> => ({
  source: { form: "cifar", path, layout },
  certain,
});

/** CIFAR in any of its four layouts; some of its files are enough, so that what is missing can be named. */
export const cifarFormat = defineFormat<CifarSource>({
  form: "cifar",
  accepted: "CIFAR-10 or CIFAR-100 in binary or pickled form (archive or unpacked folder)",
  shaped: false,
  inFolder(path) {
    const places = cifarLayouts.flatMap((layout) =>
      [path, join(path, layout.folder)].map((folder) => ({ folder, layout })),
    );
    // The pickled CIFAR-100 files are called "train" and "test", as folders of images are.
    const has = (folder: string) => (file: string) => isFile(join(folder, file));
    const whole = places.find(({ folder, layout }) => layout.trainFiles.every(has(folder)));
    if (whole) return found(whole.folder, whole.layout);
    const packed = cifarLayouts.find(({ archive }) => existsSync(join(path, archive)));
    if (packed) return found(join(path, packed.archive), packed);
    const part = places.find(({ folder, layout }) =>
      [...layout.trainFiles, ...layout.testFiles].some(has(folder)),
    );
    return part && found(part.folder, part.layout, false);
  },
  inArchive(path, member) {
    const name = baseName(member);
    const layout = cifarLayouts.find(
      ({ trainFiles, testFiles, metaFile }) =>
        trainFiles.includes(name) || testFiles.includes(name) || name === metaFile,
    );
    return layout && found(path, layout);
  },
  read: ({ path, layout }, { progress, limits }) =>
    layout.form === "binary"
      ? readCifarBinary(path, layout, progress, limits)
      : readCifarPickled(path, layout, progress, limits),
  describe: ({ layout }) => `${layout.dataset === "cifar10" ? "CIFAR-10" : "CIFAR-100"}, ${layout.form} form`,
});

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
