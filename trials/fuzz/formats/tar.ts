// Tar archives of class folders: headers whose fields lie, extended headers, links, and valid spellings of the same files.
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Random } from "../../random.js";
import { mutateBytes } from "../bytes.js";
import type { Format, Sample } from "../case.js";
import { folderEntries, preparePictures, readImages } from "./images-of-folders.js";

interface TarEntry {
  readonly path: string;
  readonly content: Buffer;
  readonly type?: string;
  readonly link?: string;
  /** Written over the header before its checksum is computed. */
  readonly fields?: readonly (readonly [at: number, bytes: Buffer])[];
  /** Instead of the right checksum. */
  readonly checksum?: string;
}

const block = 512;

function encode({ path, content, type = "0", link = "", fields = [], checksum }: TarEntry): Buffer {
  const header = Buffer.alloc(block);
  header.write(path, 0, 100, "utf8");
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write(type, 156, 1, "latin1");
  header.write(link, 157, 100, "utf8");
  header.write("ustar\x0000", 257, "latin1");
  for (const [at, bytes] of fields) bytes.copy(header, at);
  header.write("        ", 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(checksum ?? `${sum.toString(8).padStart(6, "0")}\0 `, 148, 8, "latin1");
  const padding = Buffer.alloc((block - (content.length % block)) % block);
  return Buffer.concat([header, content, padding]);
}

const archive = (entries: readonly TarEntry[]): Buffer =>
  Buffer.concat([...entries.map(encode), Buffer.alloc(2 * block)]);

const pax = (records: Readonly<Record<string, string>>, type = "x"): TarEntry => {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = Buffer.byteLength(rest) + 1;
    while (String(length).length + Buffer.byteLength(rest) !== length) length++;
    return `${length}${rest}`;
  });
  return { path: "PaxHeader", content: Buffer.from(lines.join("")), type };
};

const longName = (path: string): TarEntry => ({
  path: "././@LongLink",
  content: Buffer.from(`${path}\0`),
  type: "L",
});

const base = (): TarEntry[] => folderEntries();

/** Ways to say the same. */
const valid: Readonly<Record<string, (entries: TarEntry[], random: Random) => TarEntry[]>> = {
  "as it is": (entries) => entries,
  "pax paths": (entries) =>
    entries.flatMap((entry) => [pax({ path: entry.path }), { ...entry, path: "short" }]),
  "GNU long names": (entries) =>
    entries.flatMap((entry) => [longName(entry.path), { ...entry, path: "short" }]),
  "./ before names": (entries) => entries.map((entry) => ({ ...entry, path: `./${entry.path}` })),
  "with folders": (entries) => [
    ...["ant/", "bee/"].map((path) => ({ path, content: Buffer.alloc(0), type: "5" })),
    ...entries,
  ],
  "a global header": (entries) => [pax({ comment: "made by git" }, "g"), ...entries],
  "sizes in base 256": (entries) =>
    entries.map((entry) => {
      const size = Buffer.alloc(12);
      size[0] = 0x80;
      size.writeUInt32BE(entry.content.length, 8);
      return { ...entry, fields: [[124, size] as const] };
    }),
  "pax sizes and times": (entries) =>
    entries.flatMap((entry) => [pax({ size: String(entry.content.length), mtime: "1.5" }), entry]),
};

const hostileNames = [
  "../../../../tmp/escape.png",
  "/etc/passwd",
  "",
  "ant/",
  "ant/\u001b[31m.png",
  "ant//0.png",
  "./././",
  "ant/0.png",
  "a".repeat(100),
  `${"d/".repeat(45)}x.png`,
  "\ufffd/0.png",
  "CON/aux.png",
  "__proto__/0.png",
];

const hostileSizes = [
  "-0000000512\0",
  "77777777777\0",
  "           \0",
  "9999999999\0\0",
  "0x00000010\0",
  "-1\0",
  "1e3\0",
];

/** Ways to lie with one entry. */
const lies: Readonly<Record<string, (entry: TarEntry, random: Random) => TarEntry[]>> = {
  size: (entry, random) => [{ ...entry, fields: [[124, Buffer.from(random.pick(hostileSizes))]] }],
  "base-256 size": (entry, random) => {
    const size = random.bytes(12);
    size[0] = random.pick([0x80, 0xff]);
    return [{ ...entry, fields: [[124, size]] }];
  },
  checksum: (entry, random) => [{ ...entry, checksum: random.pick(["000000\0 ", "zzzzzz\0 ", "-00001\0 "]) }],
  name: (entry, random) => [{ ...entry, path: random.pick(hostileNames) }],
  "name in no encoding": (entry, random) => [{ ...entry, fields: [[4, random.bytes(6)]] }],
  "pax name": (entry, random) => [pax({ path: random.pick(hostileNames) }), entry],
  "long name": (entry, random) => [longName(random.pick(hostileNames).repeat(random.pick([1, 40]))), entry],
  "pax size": (entry, random) => [
    pax({ size: random.pick(["-512", "1e99", "999999999999", "", "0x10", "-0", "NaN"]) }),
    entry,
  ],
  "pax length": (entry, random) => [
    {
      path: "PaxHeader",
      type: "x",
      content: Buffer.from(
        random.pick(["0 path=a\n", "9999 path=a\n", "-5 path=a\n", "abc", "12 path=\0\n", "6 a\n6 b\n"]),
      ),
    },
    entry,
  ],
  "extended header's own size": (entry, random) => [
    {
      ...(random.chance(0.5) ? longName("ant/7.png") : pax({ path: "ant/7.png" })),
      fields: [[124, Buffer.from(random.pick(hostileSizes))]],
    },
    entry,
  ],
  type: (entry, random) => [
    {
      ...entry,
      type: random.pick([
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "S",
        "D",
        "M",
        "K",
        "V",
        "N",
        "X",
        "\0",
        " ",
        "z",
      ]),
    },
  ],
  "link to a file": (entry, random) => [
    entry,
    {
      path: "ant/linked.png",
      content: Buffer.alloc(0),
      type: random.pick(["1", "2"]),
      link: random.pick([
        entry.path,
        "nowhere.png",
        "../bee/0.png",
        "/etc/passwd",
        "ant/linked.png",
        "0.png",
      ]),
    },
  ],
  "links in a ring": (entry) => [
    entry,
    { path: "ant/x.png", content: Buffer.alloc(0), type: "2", link: "y.png" },
    { path: "ant/y.png", content: Buffer.alloc(0), type: "2", link: "x.png" },
  ],
  "many links": (entry) => [
    entry,
    ...Array.from({ length: 300 }, (_, n) => ({
      path: `ant/l${n}.png`,
      content: Buffer.alloc(0),
      type: "1",
      link: n === 0 ? entry.path : `ant/l${n - 1}.png`,
    })),
  ],
  twice: (entry) => [entry, entry],
  "a file of zeros": (entry) => [entry, { path: "ant/zeros.png", content: Buffer.alloc(1 << 22) }],
  missing: () => [],
};

function damage(random: Random): Sample {
  const entries = base();
  const name = random.pick(Object.keys(lies));
  const place = random.below(entries.length);
  entries.splice(place, 1, ...lies[name]!(entries[place]!, random));
  let bytes = archive(entries);
  if (random.chance(0.3)) bytes = gzipSync(bytes, { level: 1 });
  return { files: { "data.tar": bytes }, what: `${name} of entry ${place}`, expects: "any" };
}

/** Tar archives. */
export const tar: Format = {
  name: "tar",
  prepare: preparePictures,

  make(random) {
    const kind = random.below(4);
    if (kind > 1) return damage(random);
    const plain = archive(base());
    const reference = { "data.tar": plain };
    if (kind === 0) {
      const name = random.pick(Object.keys(valid));
      const bytes = archive(valid[name]!(base(), random));
      const zipped = random.chance(0.5);
      return {
        files: { "data.tar": zipped ? gzipSync(bytes) : bytes },
        what: `${name}${zipped ? ", gzipped" : ""}`,
        ...{ expects: "same", reference },
      };
    }
    const zipped = random.chance(0.5);
    const { bytes, what } = mutateBytes(zipped ? gzipSync(plain) : plain, random);
    // gzip's own sum protects all of it, but a part of its header.
    return { files: { "data.tar": bytes }, what: `${zipped ? "gzipped, " : ""}${what}`, expects: "any" };
  },

  read: (folder) => readImages(join(folder, "data.tar")),
};
