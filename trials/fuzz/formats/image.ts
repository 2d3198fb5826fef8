// Image files in class folders: PNG by chunks, JPEG by segments, WebP by RIFF parts, each with fields that lie.
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import type { Random } from "../../random.js";
import { mutateBytes } from "../bytes.js";
import type { Files, Format } from "../case.js";
import { preparedPictures, preparePictures, readImages } from "./images-of-folders.js";

interface Part {
  readonly name: string;
  readonly body: Buffer;
}

const signature = Buffer.from("89504e470d0a1a0a", "hex");
const tooLarge = [0, 1, 7, 9, 16000, 65536, 0x7fffffff, 0xffffffff];

function pngParts(bytes: Buffer): Part[] {
  const parts: Part[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    parts.push({
      name: bytes.toString("latin1", at + 4, at + 8),
      body: bytes.subarray(at + 8, at + 8 + length),
    });
    at += 12 + length;
  }
  return parts;
}

function pngBytes(parts: readonly Part[], wrongLength?: number): Buffer {
  return Buffer.concat([
    signature,
    ...parts.flatMap(({ name, body }, i) => {
      const named = Buffer.concat([Buffer.from(name, "latin1"), body]);
      const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
      length.writeUInt32BE(i === parts.length - 2 && wrongLength !== undefined ? wrongLength : body.length);
      sum.writeUInt32BE(crc32(named));
      return [length, named, sum];
    }),
  ]);
}

/** Each gives another PNG with right sums. */
const pngMutations: Readonly<Record<string, (parts: Part[], random: Random) => Buffer>> = {
  "another size": (parts, random) => {
    const header = Buffer.from(parts[0]!.body);
    header.writeUInt32BE(random.pick(tooLarge), random.pick([0, 4]));
    return pngBytes([{ name: "IHDR", body: header }, ...parts.slice(1)]);
  },
  "another kind of pixels": (parts, random) => {
    const header = Buffer.from(parts[0]!.body);
    header[8] = random.pick([1, 2, 3, 4, 8, 16, 32]);
    header[9] = random.pick([0, 2, 3, 4, 6, 7]);
    header[random.pick([10, 11, 12])] = random.pick([0, 1, 255]);
    return pngBytes([{ name: "IHDR", body: header }, ...parts.slice(1)]);
  },
  "chunks in another order": (parts, random) => pngBytes(random.shuffled(parts)),
  "a chunk left out": (parts, random) => pngBytes(parts.toSpliced(random.below(parts.length), 1)),
  "a chunk twice": (parts, random) => {
    const place = random.below(parts.length);
    return pngBytes(parts.toSpliced(place, 0, parts[place]!));
  },
  "a strange chunk": (parts, random) => {
    const name = random.pick([
      "iCCP",
      "eXIf",
      "tEXt",
      "zTXt",
      "PLTE",
      "tRNS",
      "acTL",
      "fdAT",
      "gAMA",
      "sRGB",
      "sBIT",
      "XXXX",
    ]);
    const body = random.chance(0.5)
      ? random.bytes(random.below(64))
      : Buffer.concat([Buffer.from("name\0\0"), deflateSync(Buffer.alloc(random.pick([10, 1 << 22])))]);
    return pngBytes(parts.toSpliced(1, 0, { name, body }));
  },
  "a wrong length": (parts, random) => pngBytes(parts, random.pick(tooLarge)),
  "damaged pixels": (parts, random) =>
    pngBytes(
      parts.map((part) =>
        part.name === "IDAT" ? { ...part, body: mutateBytes(part.body, random).bytes } : part,
      ),
    ),
  "too many pixels": (parts) =>
    pngBytes(
      parts.map((part) =>
        part.name === "IDAT" ? { ...part, body: deflateSync(Buffer.alloc(1 << 22)) } : part,
      ),
    ),
};

function jpegParts(bytes: Buffer): { parts: Part[]; scan: Buffer } {
  const parts: Part[] = [];
  let at = 2;
  while (bytes[at] === 0xff && bytes[at + 1] !== 0xda) {
    const length = bytes.readUInt16BE(at + 2);
    parts.push({ name: bytes[at + 1]!.toString(16), body: bytes.subarray(at + 4, at + 2 + length) });
    at += 2 + length;
  }
  return { parts, scan: bytes.subarray(at) };
}

function jpegBytes(
  parts: readonly Part[],
  scan: Buffer,
  wrongLength?: { at: number; length: number },
): Buffer {
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    ...parts.flatMap(({ name, body }, i) => {
      const head = Buffer.from([0xff, Number.parseInt(name, 16), 0, 0]);
      head.writeUInt16BE(wrongLength?.at === i ? wrongLength.length : body.length + 2, 2);
      return [head, body];
    }),
    scan,
  ]);
}

function exif(random: Random): Part {
  const tiff = Buffer.alloc(26);
  tiff.write("II*\0", 0, "latin1");
  tiff.writeUInt32LE(random.pick([8, 8, 8, 0xffffffff, 9999]), 4);
  tiff.writeUInt16LE(random.pick([1, 1, 65535]), 8);
  tiff.writeUInt16LE(0x0112, 10);
  tiff.writeUInt16LE(random.pick([3, 3, 99]), 12);
  tiff.writeUInt32LE(random.pick([1, 1, 0x40000000]), 14);
  tiff.writeUInt16LE(random.pick([1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 65535]), 18);
  return { name: "e1", body: Buffer.concat([Buffer.from("Exif\0\0", "latin1"), tiff]) };
}

const jpegMutations: Readonly<Record<string, (bytes: Buffer, random: Random) => Buffer>> = {
  "another size": (bytes, random) => {
    const { parts, scan } = jpegParts(bytes);
    const changed = parts.map((part) => {
      if (!part.name.startsWith("c0")) return part;
      const body = Buffer.from(part.body);
      body.writeUInt16BE(random.pick([0, 1, 9, 20000, 65535]), random.pick([1, 3]));
      return { ...part, body };
    });
    return jpegBytes(changed, scan);
  },
  "another kind": (bytes, random) => {
    const { parts, scan } = jpegParts(bytes);
    const name = random.pick(["c1", "c2", "c3", "c5", "c9", "cb"]);
    return jpegBytes(
      parts.map((part) => (part.name === "c0" ? { ...part, name } : part)),
      scan,
    );
  },
  "an orientation": (bytes, random) => {
    const { parts, scan } = jpegParts(bytes);
    return jpegBytes([exif(random), ...parts], scan);
  },
  "a strange profile": (bytes, random) => {
    const { parts, scan } = jpegParts(bytes);
    const body = Buffer.concat([
      Buffer.from("ICC_PROFILE\0", "latin1"),
      Buffer.from(
        random.pick([
          [1, 1],
          [0, 0],
          [1, 200],
          [255, 1],
        ]),
      ),
      random.bytes(random.between(0, 200)),
    ]);
    return jpegBytes([{ name: "e2", body }, ...parts], scan);
  },
  "a segment left out": (bytes, random) => {
    const { parts, scan } = jpegParts(bytes);
    return jpegBytes(parts.toSpliced(random.below(parts.length), 1), scan);
  },
  "a wrong length": (bytes, random) => {
    const { parts, scan } = jpegParts(bytes);
    const length = random.pick([0, 1, 2, 3, 65535]);
    return jpegBytes(parts, scan, { at: random.below(parts.length), length });
  },
  "damaged tables": (bytes, random) => {
    const { parts, scan } = jpegParts(bytes);
    const place = random.below(parts.length);
    const part = parts[place]!;
    return jpegBytes(
      parts.toSpliced(place, 1, { ...part, body: mutateBytes(part.body, random).bytes }),
      scan,
    );
  },
  "damaged scan": (bytes, random) => {
    const { parts, scan } = jpegParts(bytes);
    return jpegBytes(parts, mutateBytes(scan, random).bytes);
  },
};

const webpMutations: Readonly<Record<string, (bytes: Buffer, random: Random) => Buffer>> = {
  "a wrong length": (bytes, random) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt32LE(random.pick([0, 1, 4, 0xffffffff, 0x7fffffff, bytes.length]), random.pick([4, 16]));
    return copy;
  },
  "another part": (bytes, random) => {
    const copy = Buffer.from(bytes);
    copy.write(random.pick(["VP8 ", "VP8X", "ANIM", "ANMF", "ALPH", "EXIF", "ICCP", "XXXX"]), 12, "latin1");
    return copy;
  },
  "another size": (bytes, random) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt32LE(random.below(2 ** 32), 21);
    return copy;
  },
  "another name": (bytes, random) => {
    const copy = Buffer.from(bytes);
    copy.write(random.pick(["WAVE", "AVI ", "webp"]), 8, "latin1");
    return copy;
  },
  "damaged contents": (bytes, random) =>
    Buffer.concat([bytes.subarray(0, 20), mutateBytes(bytes.subarray(20), random).bytes]),
};

function mutated(random: Random): { bytes: Buffer; extension: string; what: string } {
  const { png, jpeg, webp } = preparedPictures();
  const extension = random.pick(["png", "jpg", "webp"]);
  const source = { png, jpg: jpeg, webp }[extension as "png" | "jpg" | "webp"][0]!;
  const kind = random.below(4);
  if (kind === 0) {
    const { bytes, what } = mutateBytes(source, random);
    return { bytes, extension, what: `${extension}: ${what}` };
  }
  if (kind === 1 && random.chance(0.3)) {
    const other = random.pick([png, jpeg, webp])[0]!;
    return {
      bytes: other,
      extension: random.pick(["png", "jpg", "jpeg", "webp", "JPG"]),
      what: "another format's name",
    };
  }
  const table = { png: pngMutations, jpg: jpegMutations, webp: webpMutations }[
    extension as "png" | "jpg" | "webp"
  ];
  const name = random.pick(Object.keys(table));
  const bytes =
    extension === "png"
      ? pngMutations[name]!(pngParts(source), random)
      : (table as typeof jpegMutations)[name]!(source, random);
  return { bytes, extension, what: `${extension}: ${name}` };
}

/** Images in class folders. */
export const image: Format = {
  name: "image",
  prepare: preparePictures,

  make(random) {
    const { png } = preparedPictures();
    const others: Record<string, Buffer> = { "data/ant/1.png": png[1]! };
    for (let n = 0; n < 3; n++) others[`data/bee/${n}.png`] = png[3 + n]!;
    const { bytes, extension, what } = mutated(random);
    const files: Files = { ...others, [`data/ant/0.${extension}`]: bytes };
    return { files, what, expects: "any" };
  },

  read: (folder) => readImages(join(folder, "data")),
};
