// Reads from the paths of a source which images belong to which class and split: train/<class>/…, <class>/train/… or <class>/….
import { type Listing, someOf } from "../../archives/index.js";
import { ReatError } from "../../errors.js";
import { lostClasses, otherKinds } from "./left-out.js";
import { compareNames, ending, isImage } from "./names.js";
import type { ImagePlace, Split } from "./placed-images.js";

const splitFolders: Readonly<Record<string, Exclude<Split, "none">>> = {
  train: "train",
  training: "train",
  test: "test",
  testing: "test",
  val: "validation",
  valid: "validation",
  validation: "validation",
};

const layouts =
  "read are train/<class>/… with test/<class>/… or val/<class>/…, <class>/train/…, and <class>/…";

/** Where every image of a source belongs. */
export interface ClassLayout {
  /** By path in the source. */
  readonly places: ReadonlyMap<string, ImagePlace>;
  /** What was passed over, a sentence each. */
  readonly notes: readonly string[];
}

/** A path below the folder that holds all classes or splits. */
interface Parted {
  readonly path: string;
  readonly parts: readonly string[];
}

/**
 * @throws ReatError `data` where there are no images in class folders, where folders of classes and splits are mixed so that
 * an image's class or split is in doubt, and for class folders in which no image can be read
 */
export function layOut(source: string, listing: Listing): ClassLayout {
  // A link that leads nowhere stands where an image should be, and counts as a damaged one.
  const candidates = [...listing.files, ...listing.problems].map(({ path }) => path).filter(isImage);
  const root = wrapper(candidates);
  const below = (path: string) => path.slice(root.length);
  const inside = candidates.map((path): Parted => ({ path, parts: below(path).split("/") }));
  const images = inside.filter(({ parts }) => parts.length > 1);
  if (images.length === 0) throw nothing(source, listing);
  const tops = groupBy(images, ({ parts }) => parts[0]!);
  const notes: string[] = [];
  if (root !== "") notes.push(`Classes and splits were looked for in ${root}.`);

  const splits = [...tops].filter(
    ([name, within]) => isSplit(name) && within.some(({ parts }) => parts.length > 2),
  );
  const how = splits.length > 0 ? "split-above" : classAboveSplit(source, tops) ? "class-above" : "classes";
  const places = new Map<string, ImagePlace>();
  const loose: string[] = inside.filter(({ parts }) => parts.length === 1).map(({ path }) => path);
  if (how === "split-above") refuseMixed(source, tops, new Set(splits.map(([name]) => name)), notes);
  for (const { path, parts } of images) {
    const place = placeOf(parts, how);
    if (place === "beside") continue;
    if (place === "loose") loose.push(path);
    else {
      refuseDeeper(source, path, place);
      places.set(path, place);
    }
  }
  if (loose.length > 0) {
    notes.push(`Images outside of class folders were passed over: ${someOf(loose)}.`);
  }
  if (how === "classes") {
    const deep = [...places].find(([, { name }]) => name.includes("/"));
    if (deep)
      notes.push(
        `Images in sub-folders count for the class above them, such as ${deep[0]} for ${deep[1].className}.`,
      );
  }
  const classFolder = (path: string, isFile: boolean) => {
    if (!path.startsWith(root)) return undefined;
    const parts = below(path).split("/");
    const depth = how === "split-above" ? 2 : 1;
    if (parts.length < depth + (isFile ? 1 : 0) || (depth === 2 && !isSplit(parts[0]!))) return undefined;
    return root + parts.slice(0, depth).join("/");
  };
  lostClasses(source, listing, places, classFolder, notes);
  for (const folder of how === "split-above" ? listing.folders : []) {
    if (isSplit(below(folder)) && !tops.has(below(folder))) notes.push(`${folder}/ holds no images.`);
  }
  notes.push(...otherKinds(listing, places));
  return { places: passOverUnlabelled(places, notes), notes };
}

type How = "split-above" | "class-above" | "classes";

/** "beside": in a folder beside the splits; "loose": in no class folder. */
function placeOf(parts: readonly string[], how: How): ImagePlace | "beside" | "loose" {
  const [first, second] = parts;
  if (how === "classes") return { split: "none", className: first!, name: parts.slice(1).join("/") };
  if (how === "split-above" && !isSplit(first!)) return "beside";
  if (parts.length < 3) return "loose";
  const [split, className] = how === "split-above" ? [first!, second!] : [second!, first!];
  return { split: splitFolders[split.toLowerCase()]!, className, name: parts.slice(2).join("/") };
}

function isSplit(name: string): boolean {
  return Object.hasOwn(splitFolders, name.toLowerCase());
}

/** Folders that hold everything, such as the one around all files of an archive; "" or a path with a slash at its end. */
function wrapper(paths: readonly string[]): string {
  let root = "";
  for (;;) {
    const first = paths[0]?.slice(root.length).split("/");
    if (!first || first.length < 3 || isSplit(first[0]!)) return root;
    // A single class that is divided into splits is not such an outer folder.
    if (isSplit(first[1]!) && first.length === 3) return root;
    const next = `${root}${first[0]}/`;
    if (!paths.every((path) => path.startsWith(next) && path.indexOf("/", next.length) > 0)) return root;
    root = next;
  }
}

/** Whether every class is divided into splits. @throws ReatError `data` where some are and some are not */
function classAboveSplit(source: string, tops: ReadonlyMap<string, readonly Parted[]>): boolean {
  const divided = (within: readonly Parted[]) =>
    within.filter(({ parts }) => parts.length > 2 && isSplit(parts[1]!));
  const all = [...tops].every(([, within]) => divided(within).length === within.length);
  if (all) return true;
  const some = [...tops].find(([, within]) => divided(within).length > 0);
  if (!some) return false;
  const [other] = [...tops].find(([, within]) => divided(within).length < within.length)!;
  throw new ReatError(
    "data",
    `${divided(some[1])[0]!.path} in ${source} lies in a folder for a split, and ${other}/ has images outside of such folders; ${layouts}.`,
  );
}

/** @throws ReatError `data` for folders that may be classes beside a single split, and for two folders of one split */
function refuseMixed(
  source: string,
  tops: ReadonlyMap<string, readonly Parted[]>,
  splits: ReadonlySet<string>,
  notes: string[],
): void {
  const beside = [...tops.keys()].filter((name) => !isSplit(name));
  if (beside.length > 0 && splits.size === 1) {
    throw new ReatError(
      "data",
      `${source} has a folder ${[...splits][0]}/ of classes, and images in ${someOf(beside.map((name) => `${name}/`))} beside it; ${layouts}.`,
    );
  }
  if (beside.length > 0) {
    const count = beside.reduce((sum, name) => sum + tops.get(name)!.length, 0);
    notes.push(
      `${count} images beside the splits were passed over: ${someOf(beside.map((name) => `${name}/`))}.`,
    );
  }
  const seen = new Map<string, string>();
  for (const name of splits) {
    const split = splitFolders[name.toLowerCase()]!;
    const other = seen.get(split);
    if (other !== undefined) {
      throw new ReatError(
        "data",
        `${source} has two folders for one split, ${other}/ and ${name}/; one is accepted.`,
      );
    }
    seen.set(split, name);
  }
}

/** @throws ReatError `data` for a folder named as a split below a class: its images may not be what the class is trained on */
function refuseDeeper(source: string, path: string, { name, className }: ImagePlace): void {
  const deeper = name.split("/").slice(0, -1).find(isSplit);
  if (deeper === undefined) return;
  throw new ReatError(
    "data",
    `${path} in ${source} lies in a folder ${deeper}/ inside of the class ${className}; ${layouts}.`,
  );
}

/** Tiny-ImageNet and similar data keep test images without labels in test/images; where val/ is sorted by class, it is the test split. */
function passOverUnlabelled(
  places: ReadonlyMap<string, ImagePlace>,
  notes: string[],
): ReadonlyMap<string, ImagePlace> {
  const classes = (split: Split) =>
    new Set([...places.values()].filter((place) => place.split === split).map(({ className }) => className));
  const [train, test, validation] = [classes("train"), classes("test"), classes("validation")];
  const unlabelled = test.size === 1 && test.has("images") && !train.has("images") && validation.size > 0;
  if (!unlabelled) return places;
  notes.push("The images in test/images have no class and were passed over.");
  return new Map([...places].filter(([, { split }]) => split !== "test"));
}

function nothing(source: string, { files, problems, folders }: Listing): ReatError {
  const count = new Map<string, number>();
  for (const { path } of files) {
    const kind = isImage(path)
      ? `${ending(path)} outside of a folder`
      : ending(path) || "files without ending";
    count.set(kind, (count.get(kind) ?? 0) + 1);
  }
  const kinds = [...count].sort(([, a], [, b]) => b - a).map(([kind, n]) => `${n} × ${kind}`);
  const found = [
    ...(kinds.length > 0 ? [someOf(kinds, 5)] : []),
    ...(problems.length > 0 ? [`${problems[0]!.path}, which ${problems[0]!.why}`] : []),
    ...(kinds.length + problems.length === 0
      ? [folders.length > 0 ? `empty folders: ${someOf([...folders].sort(compareNames))}` : "nothing"]
      : []),
  ];
  return new ReatError(
    "data",
    `${source} holds no png, jpeg or webp images in class folders (found: ${found.join("; ")}); ${layouts}.`,
  );
}

function groupBy<T>(list: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of list) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
