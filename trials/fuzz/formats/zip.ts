// Zip archives of class folders: lists that lie, entries over one another, and valid spellings of the same files.
import { join } from "node:path";
import type { Random } from "../../random.js";
import { mutateBytes } from "../bytes.js";
import type { Format, Sample } from "../case.js";
import { writeZip, type ZipEnd, type ZipEntry } from "../zip-writer.js";
import { folderEntries, preparePictures, readImages } from "./images-of-folders.js";

type Archive = readonly [entries: ZipEntry[], end?: ZipEnd];

const deflated = (entries: ZipEntry[]): ZipEntry[] => entries.map((entry) => ({ ...entry, method: 8 }));

/** Ways to say the same. */
const valid: Readonly<Record<string, (entries: ZipEntry[]) => Archive>> = {
  stored: (entries) => [entries],
  deflated: (entries) => [deflated(entries)],
  zip64: (entries) => [deflated(entries), { zip64: true }],
  "sums behind the contents": (entries) => [
    deflated(entries).map((entry) => ({ ...entry, descriptor: true })),
  ],
  "a comment": (entries) => [entries, { comment: Buffer.from("packed on a Tuesday") }],
  "names in UTF-8": (entries) => [entries.map((entry) => ({ ...entry, flags: 0x800 }))],
  "with folders": (entries) => [
    [...["ant/", "bee/"].map((path) => ({ path, content: Buffer.alloc(0) })), ...entries],
  ],
  "extra fields": (entries) => [
    entries.map((entry) => ({ ...entry, extra: Buffer.from("5554050003000000000a", "hex").subarray(0, 9) })),
  ],
};

const hostileNumbers = [0, 1, 0x7fffffff, 0xfffffffe, 0xffffffff, 0x80000000, 1000];

/** Ways to lie with one entry. */
const lies: Readonly<Record<string, (entry: ZipEntry, random: Random) => ZipEntry[]>> = {
  sum: (entry, random) => [{ ...entry, crc: random.below(2 ** 32) }],
  "packed size": (entry, random) => [{ ...entry, packedSize: random.pick(hostileNumbers) }],
  size: (entry, random) => [{ ...entry, method: random.pick([0, 8]), size: random.pick(hostileNumbers) }],
  place: (entry, random) => [{ ...entry, at: random.pick(hostileNumbers) }],
  method: (entry, random) => [{ ...entry, method: random.pick([1, 9, 12, 14, 93, 95, 97, 99, 0xffff]) }],
  encrypted: (entry, random) => [{ ...entry, flags: random.pick([1, 0x41, 0x2001]) }],
  name: (entry, random) => [
    {
      ...entry,
      path: random.pick([
        "../../../tmp/escape.png",
        "/etc/passwd",
        "",
        "ant\\0.png",
        "ant/\u001b[2J.png",
        "__proto__/0.png",
        "ant/0.png/",
        "C:\\x.png",
        "a".repeat(3000),
      ]),
    },
  ],
  "name in no encoding": (entry, random) => [
    { ...entry, path: Buffer.concat([random.bytes(5), Buffer.from(".png")]) },
  ],
  "another name in its own header": (entry) => [{ ...entry, localPath: "bee/9.png" }],
  "zip64 numbers": (entry, random) => {
    const extra = Buffer.alloc(28);
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(random.pick([24, 8, 0, 60000]), 2);
    for (const at of [4, 12, 20])
      extra.writeBigUInt64LE(random.pick([0n, 1n, 2n ** 63n, 2n ** 64n - 1n, 100n]), at);
    return [{ ...entry, ...{ size: 0xffffffff, packedSize: 0xffffffff }, at: 0xffffffff, extra }];
  },
  "a link": (entry) => [entry, { path: "ant/linked.png", content: Buffer.from("0.png") }],
  twice: (entry) => [entry, entry],
  "many over the same bytes": (entry) => [
    entry,
    ...Array.from({ length: 500 }, (_, n) => ({ path: `ant/n${n}.png`, content: entry.content, at: 0 })),
  ],
  bomb: () => [{ path: "ant/bomb.png", content: Buffer.alloc(1 << 23), method: 8 }],
};

const wrongEnds: readonly ((random: Random) => ZipEnd)[] = [
  (random) => ({ count: random.pick([0, 1, 5, 7, 65535]) }),
  (random) => ({ listAt: random.pick(hostileNumbers) }),
  (random) => ({ listLength: random.pick(hostileNumbers) }),
  () => ({ prefix: Buffer.from("#!/bin/sh\nexit 1\n") }),
  () => ({ comment: Buffer.from("PK\u0005\u0006 and more of the kind") }),
];

function damage(random: Random): Sample {
  const entries: ZipEntry[] = folderEntries();
  if (random.chance(0.3)) {
    const end = random.pick(wrongEnds)(random);
    const what = `end with ${Object.keys(end).join(", ")}`;
    return { files: { "data.zip": writeZip(entries, end) }, what, expects: "any" };
  }
  const name = random.pick(Object.keys(lies));
  const place = random.below(entries.length);
  entries.splice(place, 1, ...lies[name]!(entries[place]!, random));
  return { files: { "data.zip": writeZip(entries) }, what: `${name} of entry ${place}`, expects: "any" };
}

/** Zip archives. */
export const zip: Format = {
  name: "zip",
  prepare: preparePictures,

  make(random) {
    const kind = random.below(4);
    if (kind > 1) return damage(random);
    const entries: ZipEntry[] = folderEntries();
    const reference = { "data.zip": writeZip(entries) };
    if (kind === 0) {
      const name = random.pick(Object.keys(valid));
      const files = { "data.zip": writeZip(...valid[name]!(entries)) };
      return { files, what: name, expects: "same", reference };
    }
    const { bytes, what } = mutateBytes(writeZip(deflated(entries)), random);
    return { files: { "data.zip": bytes }, what, expects: "any" };
  },

  read: (folder) => readImages(join(folder, "data.zip")),
};
