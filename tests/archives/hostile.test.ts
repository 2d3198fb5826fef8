// Archives that are unusual, broken on purpose, or far larger than they look: read as they unpack, or refused in a sentence.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  type ArchiveLimits,
  defaultArchiveLimits,
  listArchive,
  readListed,
  readStoredZip,
} from "../../src/archives/index.js";
import { ReatError } from "../../src/errors.js";
import { temporaryFolder, zip } from "../data/files.js";

interface Part {
  readonly name: Buffer | string;
  readonly type?: string;
  readonly target?: string;
  readonly body?: Buffer | string;
  /** The twelve bytes of the size, where they are not the body's length. */
  readonly size?: Buffer | string;
}

function tarOf(...parts: readonly Part[]): Buffer {
  const blocks = parts.flatMap(({ name, type = "0", target = "", body = "", size }) => {
    const header = Buffer.alloc(512);
    const bytes = Buffer.from(body as string);
    header.set(Buffer.from(name as string));
    header.set(Buffer.from((size as string) ?? `${bytes.length.toString(8).padStart(11, "0")}\0`), 124);
    header.write(`${type}${target}`, 156);
    header.write("ustar\x0000", 257);
    header.write("        ", 148);
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0")}\0 `,
      148,
    );
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** A zip of stored files under any names, with a count of one's choice. */
function zipOf(
  files: readonly { name: Buffer | string; body: string; unix?: number; flags?: number }[],
  count = files.length,
): Buffer {
  const [parts, list]: [Buffer[], Buffer[]] = [[], []];
  let at = 0;
  for (const { name, body, unix, flags = 0 } of files) {
    const [path, bytes] = [Buffer.from(name as string), Buffer.from(body)];
    const common = Buffer.alloc(24);
    common.writeUInt16LE(flags, 2);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(path.length, 22);
    const rest = Buffer.alloc(16);
    rest.writeUInt32LE((unix ?? 0) * 0x10000, 8);
    rest.writeUInt32LE(at, 12);
    parts.push(Buffer.from("PK\x03\x04"), common, Buffer.alloc(2), path, bytes);
    list.push(
      Buffer.from([0x50, 0x4b, 1, 2, 20, unix ? 3 : 0]),
      common,
      Buffer.alloc(2),
      rest.subarray(2),
      path,
    );
    at += 30 + path.length + bytes.length;
  }
  const listed = Buffer.concat(list);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(count & 0xffff, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, listed, end]);
}

async function unpack(bytes: Buffer, limits: Partial<ArchiveLimits> = {}) {
  const file = join(temporaryFolder(), "archive");
  writeFileSync(file, bytes);
  const all = { ...defaultArchiveLimits, ...limits };
  const listing = await listArchive(file, all);
  const contents: Record<string, string> = {};
  for await (const { path, read } of readListed(file, listing, all))
    contents[path] = (await read()).toString();
  return { contents, problems: listing.problems, notes: listing.notes };
}

const file = (name: string, body = name): Part => ({ name, body });

describe("tar archives", () => {
  it.each<[string, Buffer, string]>([
    [
      "a negative octal size of a long name",
      tarOf({ name: "x", type: "L", size: "-0000000512\0" }, file("a")),
      "holds no number for a size",
    ],
    [
      "a negative octal size of a pax header",
      tarOf(file("a"), { name: "x", type: "x", size: "-0000000512\0" }),
      "holds no number for a size",
    ],
    [
      "a negative size in base 256",
      tarOf({ name: "a", size: Buffer.alloc(12, 0xff) }),
      "holds no number for a size",
    ],
    [
      "a negative size in a pax header",
      tarOf({ name: "x", type: "x", body: "13 size=-512\n" }, file("a")),
      "gives the size -512",
    ],
    [
      "a pax record of a wrong length",
      tarOf({ name: "x", type: "x", body: "99 path=a\n" }, file("a")),
      "a pax header in it is malformed",
    ],
    [
      "a pax record of no length",
      tarOf({ name: "x", type: "x", body: "0 path=a\n" }, file("a")),
      "a pax header in it is malformed",
    ],
  ])("%s is damage, not an endless loop", async (_, bytes, message) => {
    await expect(unpack(bytes)).rejects.toThrow(message);
  });

  it("links within the archive are resolved, to files and to folders, and the rest is named", async () => {
    const { contents, problems } = await unpack(
      tarOf(
        file("a/1.png", "one"),
        { name: "b/2.png", type: "1", target: "a/1.png" },
        { name: "b/3.png", type: "2", target: "../a/./1.png" },
        { name: "c", type: "2", target: "a/" },
        { name: "d/4.png", type: "2", target: "../c/1.png" },
        { name: "b/gone.png", type: "2", target: "nowhere.png" },
        { name: "b/out.png", type: "2", target: "/etc/passwd" },
        { name: "b/up.png", type: "1", target: "../x" },
        { name: "b/loop.png", type: "2", target: "loop.png" },
        { name: "a/self", type: "2", target: "../a" },
        { name: "a/holes.png", type: "S", body: "x" },
        { name: "a/pipe.png", type: "6" },
        file("../escape.png"),
      ),
    );
    expect(contents).toEqual(
      Object.fromEntries(
        ["a/1.png", "b/2.png", "b/3.png", "c/1.png", "d/4.png"].map((path) => [path, "one"]),
      ),
    );
    expect(Object.fromEntries(problems.map(({ path, why }) => [path, why]))).toEqual({
      "b/gone.png": "is a link to nowhere.png, which is not there",
      "b/out.png": "is a link to /etc/passwd, which lies outside of the archive",
      "b/up.png": "is a link to ../x, which lies outside of the archive",
      "b/loop.png": "is a link to loop.png, which leads round in a loop",
      "a/self": "is a link to a folder that holds it",
      "c/self": "is a link inside of a folder that is reached by a link",
      "a/holes.png": expect.stringContaining("is a sparse file"),
      "a/pipe.png": "is a pipe",
      "../escape.png": "lies outside of the archive",
    });
  });

  it("GNU's sparse files are passed over whole, with the list of their holes", async () => {
    const archive = tarOf({ name: "a/holes.png", type: "S", body: "" }, file("a/1.png", "one"));
    // The header says that a block with more holes follows, and that block that it is the last.
    archive[482] = 1;
    archive.write("        ", 148);
    const sum = archive.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    archive.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    const bytes = Buffer.concat([archive.subarray(0, 512), Buffer.alloc(512), archive.subarray(512)]);
    expect((await unpack(bytes)).contents).toEqual({ "a/1.png": "one" });
  });

  it("of a name that is there twice the last counts, and names that are no UTF-8 stay apart", async () => {
    const name = (letter: number) => Buffer.from([0x63, letter, 0x2f, 0x31]);
    const { contents, notes } = await unpack(
      tarOf(
        file("a/1", "old"),
        file("./a//1", "new"),
        { name: name(0xe9), body: "e" },
        { name: name(0xe8), body: "f" },
      ),
    );
    expect(contents).toEqual({ "a/1": "new", "cé/1": "e", "cè/1": "f" });
    expect(notes).toEqual([
      "In the archive more than once, of which the last counts, as when it is unpacked: a/1.",
      "Names that are no UTF-8 were read in Latin-1: cé/1, cè/1.",
    ]);
  });

  it("limits hold for one file, for all, and for what follows the end", async () => {
    const two = tarOf(file("a", "x".repeat(2000)), file("b", "x".repeat(2000)));
    await expect(unpack(two, { fileBytes: 1999 })).rejects.toThrow("a in /");
    await expect(unpack(two, { totalBytes: 3999 })).rejects.toThrow("unpacks to more than 3999 bytes");
    await expect(unpack(two, { files: 1 })).rejects.toThrow("holds more than 1 files");
    expect(
      Object.keys((await unpack(two, { fileBytes: 2000, totalBytes: 4000, files: 2 })).contents),
    ).toEqual(["a", "b"]);
    const tail = gzipSync(Buffer.concat([two, Buffer.alloc(1 << 21)]));
    await expect(unpack(tail, { totalBytes: 1 << 19 })).rejects.toThrow("unpacks to more than 524288 bytes");
    // The header alone tells: none of these bytes has to be unpacked.
    const huge = tarOf({ name: "a", size: `${(10 * 2 ** 30).toString(8)}\0`.padStart(12, "0") });
    await expect(unpack(huge)).rejects.toThrow(
      "unpacks to 10737418240 bytes; the limit for one file is 536870912",
    );
  });
});

describe("zip archives", () => {
  it("of more files than their count field holds are read whole", async () => {
    const files = Array.from({ length: 65_546 }, (_, i) => ({ name: `c/${i}`, body: "" }));
    const place = join(temporaryFolder(), "many.zip");
    writeFileSync(place, zipOf(files));
    expect((await listArchive(place, defaultArchiveLimits)).files).toHaveLength(65_546);
    await expect(unpack(zipOf(files.slice(0, 12), 10))).rejects.toThrow(
      "its list holds 12 files, and the archive says 10",
    );
  });

  it("links are resolved, names of DOS and of Windows read, and the last of equal names counts", async () => {
    const { contents, problems, notes } = await unpack(
      zipOf([
        { name: "a/1", body: "old" },
        { name: "a/1", body: "one" },
        { name: "b/2", body: "../a/1", unix: 0o120777 },
        { name: "b/3", body: "gone", unix: 0o120777 },
        { name: Buffer.from([0x63, 0x82, 0x2f, 0x31]), body: "e" },
        { name: Buffer.from([0x63, 0x8a, 0x2f, 0x31]), body: "f" },
        { name: "d\\4", body: "four" },
      ]),
    );
    expect(contents).toEqual({ "a/1": "one", "b/2": "one", "cé/1": "e", "cè/1": "f", "d/4": "four" });
    expect(problems).toEqual([{ path: "b/3", why: "is a link to gone, which is not there" }]);
    expect(notes.join(" ")).toContain("read in the character set of DOS: cé/1, cè/1.");
    const wrong = zipOf([{ name: Buffer.from([0x63, 0x82]), body: "e", flags: 0x800 }]);
    await expect(unpack(wrong)).rejects.toThrow("a name in it that should be UTF-8 is none");
  });

  it("limits hold by what the list says, and what unpacks to more than that is damaged", async () => {
    const packed = zip({ "a/1.png": "0".repeat(5000) });
    await expect(unpack(packed, { fileBytes: 4999 })).rejects.toThrow(
      "unpacks to 5000 bytes; the limit for one file is 4999",
    );
    await expect(unpack(packed, { totalBytes: 4999 })).rejects.toThrow("unpacks to more than 4999 bytes");
    const lying = Buffer.from(packed);
    lying.writeUInt32LE(10, lying.indexOf("PK\x01\x02") + 24);
    await expect(unpack(lying)).rejects.toThrow("a/1.png does not unpack");
  });

  it("in memory, bytes and names are there once", () => {
    const refuse = (why: string) => new ReatError("checkpoint", why);
    const bytes = zipOf([{ name: "a", body: "x".repeat(400) }]);
    expect(readStoredZip(bytes, refuse).get("a")).toHaveLength(400);
    const twice = zipOf([
      { name: "a", body: "1" },
      { name: "a", body: "2" },
    ]);
    expect(() => readStoredZip(twice, refuse)).toThrow("its entry a is there twice");
    // A list of many entries that all point to the same bytes.
    const at = bytes.indexOf("PK\x01\x02");
    const entry = bytes.subarray(at, at + 47);
    const list = Array.from({ length: 30 }, (_, i) => {
      const copy = Buffer.from(entry);
      copy[46] = 33 + i;
      copy.writeUInt32LE(i, 38);
      return copy;
    });
    const end = Buffer.from(bytes.subarray(-22));
    end.writeUInt16LE(list.length, 10);
    end.writeUInt32LE(47 * list.length, 12);
    const overlapping = Buffer.concat([bytes.subarray(0, at), ...list, end]);
    expect(() => readStoredZip(overlapping, refuse)).toThrow(
      /its entries lie over each other|is there twice/,
    );
  });
});
