// What the official CIFAR-10 and CIFAR-100 releases consist of: files, record layout, class names, checksums.
import { createDataset, type ImageDataset, type ImageSplit } from "../dataset.js";

/** CIFAR with 10 or with 100 classes. */
export type CifarName = "cifar10" | "cifar100";
/** Binary records, or pickled batches as for Python. */
export type CifarForm = "binary" | "pickled";

/** Images are 32×32 RGB, stored as three planes of 1024 bytes. */
export const cifarSide = 32;
export const cifarImageBytes = 3 * cifarSide * cifarSide;

/** The files of one form of CIFAR. */
export interface CifarLayout {
  readonly dataset: CifarName;
  readonly form: CifarForm;
  /** The folder that the archive unpacks to. */
  readonly folder: string;
  readonly archive: string;
  /** In official order: the training images are the files' images one after the other. */
  readonly trainFiles: readonly string[];
  readonly testFiles: readonly string[];
  /** File that names the classes. */
  readonly metaFile: string;
}

/**
 * The data set that a layout's files hold.
 * @param read one file's images, by the file's name
 */
export function cifarDataset(
  layout: CifarLayout,
  classNames: readonly string[],
  read: (file: string) => ImageSplit,
): ImageDataset {
  return createDataset({
    name: layout.dataset,
    synthetic: false,
    classNames,
    height: cifarSide,
    width: cifarSide,
    train: joinSplits(layout.trainFiles.map(read)),
    test: joinSplits(layout.testFiles.map(read)),
  });
}

/** One split out of several, in order. */
function joinSplits(parts: readonly ImageSplit[]): ImageSplit {
  const count = parts.reduce((n, part) => n + part.count, 0);
  const images = new Uint8Array(parts.reduce((n, part) => n + part.images.length, 0));
  const labels = new Uint8Array(count);
  let image = 0;
  let label = 0;
  for (const part of parts) {
    images.set(part.images, image);
    labels.set(part.labels, label);
    image += part.images.length;
    label += part.count;
  }
  return { images, labels, count };
}

/** The four forms in which CIFAR is distributed. */
export const cifarLayouts: readonly CifarLayout[] = [
  {
    dataset: "cifar10",
    form: "binary",
    folder: "cifar-10-batches-bin",
    archive: "cifar-10-binary.tar.gz",
    trainFiles: [1, 2, 3, 4, 5].map((n) => `data_batch_${n}.bin`),
    testFiles: ["test_batch.bin"],
    metaFile: "batches.meta.txt",
  },
  {
    dataset: "cifar100",
    form: "binary",
    folder: "cifar-100-binary",
    archive: "cifar-100-binary.tar.gz",
    trainFiles: ["train.bin"],
    testFiles: ["test.bin"],
    metaFile: "fine_label_names.txt",
  },
  {
    dataset: "cifar10",
    form: "pickled",
    folder: "cifar-10-batches-py",
    archive: "cifar-10-python.tar.gz",
    trainFiles: [1, 2, 3, 4, 5].map((n) => `data_batch_${n}`),
    testFiles: ["test_batch"],
    metaFile: "batches.meta",
  },
  {
    dataset: "cifar100",
    form: "pickled",
    folder: "cifar-100-python",
    archive: "cifar-100-python.tar.gz",
    trainFiles: ["train"],
    testFiles: ["test"],
    metaFile: "meta",
  },
];

/** Official MD5 sums: of the archives, and of the pickled files that torchvision leaves beside them. */
export const cifarMd5: Readonly<Record<string, string>> = {
  "cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530",
  "cifar-10-python.tar.gz": "c58f30108f718f92721af3b95e74349a",
  "cifar-100-binary.tar.gz": "03b5dce01913d631647c71ecec9e9cb8",
  "cifar-100-python.tar.gz": "eb9058c3a382ffc7106e4002c42a8d85",
  "cifar-10-batches-py/data_batch_1": "c99cafc152244af753f735de768cd75f",
  "cifar-10-batches-py/data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
  "cifar-10-batches-py/data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
  "cifar-10-batches-py/data_batch_4": "634d18415352ddfa80567beed471001a",
  "cifar-10-batches-py/data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
  "cifar-10-batches-py/test_batch": "40351d587109b95175f43aff81a1287e",
  "cifar-100-python/train": "16019d7e3df5f24257cddd939b257f8d",
  "cifar-100-python/test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
};

/** Class names in the order of the official class ids, which is alphabetical for both. */
export const cifarClassNames: Readonly<Record<CifarName, readonly string[]>> = {
  cifar10: "airplane automobile bird cat deer dog frog horse ship truck".split(" "),
  cifar100: (
    "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly " +
    "camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup " +
    "dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower " +
    "leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange " +
    "orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit " +
    "raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel " +
    "streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip " +
    "turtle wardrobe whale willow_tree wolf woman worm "
  )
    .trim()
    .split(" "),
};
