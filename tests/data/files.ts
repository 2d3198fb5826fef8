// Makes small data files of every accepted format for the tests.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import { onTestFinished } from "vitest";

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "reat-data-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files by path relative to `folder`. */
export function writeFiles(folder: string, files: Readonly<Record<string, Uint8Array | string>>): string {
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return folder;
}

function tarHeader(name: string, size: number, type: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name.slice(0, 100));
  header.write("0000644\0", 100);
  header.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  header.write(`${type}ustar\0`, 156);
  header.write("        ", 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

/** A tar archive; names of over 100 characters get a pax or a GNU long-name header. */
export function tar(
  files: Readonly<Record<string, Uint8Array | string>>,
  longNames: "pax" | "gnu" = "pax",
): Buffer {
  const parts: Buffer[] = [tarHeader("./", 0, "5")];
  for (const [path, contents] of Object.entries(files)) {
    const bytes = Buffer.from(contents as string);
    if (path.length > 100 && longNames === "gnu") {
      parts.push(tarHeader("././@LongLink", path.length + 1, "L"), padded(Buffer.from(`${path}\0`)));
    } else if (path.length > 100) {
      const length = path.length + " path=\n".length;
      const total = length + String(length + 3).length;
      const record = Buffer.from(`${total} path=${path}\n`);
      parts.push(tarHeader("PaxHeader", record.length, "x"), padded(record));
    }
    parts.push(tarHeader(path, bytes.length, "0"), padded(bytes));
  }
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

export function tarGz(files: Readonly<Record<string, Uint8Array | string>>): Buffer {
  return gzipSync(tar(files));
}

/** A zip archive of deflated files; `wide` writes its list with 64-bit numbers, as archives of many files have it. */
export function zip(files: Readonly<Record<string, Uint8Array | string>>, wide = false): Buffer {
  const [parts, list]: [Buffer[], Buffer[]] = [[], []];
  let at = 0;
  for (const [path, contents] of Object.entries(files)) {
    const bytes = Buffer.from(contents as string);
    const stored = bytes.length < 20;
    const packed = stored ? bytes : deflateRawSync(bytes);
    const name = Buffer.from(path);
    // From the version needed to the length of the name: what both headers share.
    const common = Buffer.alloc(24);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(stored ? 0 : 8, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.alloc(2), name, packed]);
    const extra = Buffer.alloc(wide ? 12 : 0);
    const entry = Buffer.concat([Buffer.from("PK\x01\x02\x14\0", "latin1"), common, Buffer.alloc(16), name]);
    if (wide) {
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(8, 2);
      extra.writeBigUInt64LE(BigInt(at), 4);
    }
    entry.writeUInt16LE(extra.length, 30);
    entry.writeUInt32LE(wide ? 0xffffffff : at, 42);
    parts.push(local);
    list.push(entry, extra);
    at += local.length;
  }
  const listed = Buffer.concat(list);
  const count = Object.keys(files).length;
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(wide ? 0xffff : count, 10);
  end.writeUInt32LE(wide ? 0xffffffff : listed.length, 12);
  end.writeUInt32LE(wide ? 0xffffffff : at, 16);
  if (!wide) return Buffer.concat([...parts, listed, end]);
  const record = Buffer.alloc(56);
  record.write("PK\x06\x06");
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(listed.length), 40);
  record.writeBigUInt64LE(BigInt(at), 48);
  const locator = Buffer.alloc(20);
  locator.write("PK\x06\x07");
  locator.writeBigUInt64LE(BigInt(at + listed.length), 8);
  return Buffer.concat([...parts, listed, record, locator, end]);
}

/** Pixel `p` of image `i` in every small CIFAR file. */
export function cifarPixels(i: number): Buffer {
  return Buffer.from(Array.from({ length: 3072 }, (_, p) => (i * 7 + p + (p >> 8)) & 255));
}

/** A file of the binary release with these labels, one image each, numbered from `first`. */
export function cifarBatch(labels: readonly number[], first: number, coarse = false): Buffer {
  return Buffer.concat(
    labels.flatMap((label, i) => [Buffer.from(coarse ? [19, label] : [label]), cifarPixels(first + i)]),
  );
}

/** What Python 2's cPickle writes for a batch: protocol 2, text as bytes, an array by `_reconstruct`. */
export function pickledBatch(labels: readonly number[], first: number, labelsKey = "labels"): Buffer {
  const data = Buffer.concat(labels.map((_, i) => cifarPixels(first + i)));
  return Buffer.concat([
    Buffer.from([0x80, 2]),
    Buffer.from("}q\x01("),
    shortText("batch_label"),
    shortText("training batch 1 of 5"),
    shortText(labelsKey),
    Buffer.from("]q\x02("),
    ...labels.map((label) => Buffer.from([0x4b, label])),
    Buffer.from("e"),
    shortText("data"),
    Buffer.from(
      "cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87Rq\x05(K\x01",
      "latin1",
    ),
    Buffer.from([0x4d, labels.length & 255, labels.length >> 8, 0x4d, 0x00, 0x0c, 0x86]),
    Buffer.from(
      "cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87Rq\x07(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T",
      "latin1",
    ),
    Buffer.from(Uint32Array.of(data.length).buffer),
    data,
    Buffer.from("tbu."),
  ]);
}

/** A pickled dictionary with one list of names. */
export function pickledNames(key: string, names: readonly string[]): Buffer {
  return Buffer.concat([
    Buffer.from([0x80, 2]),
    Buffer.from("}("),
    shortText(key),
    Buffer.from("]("),
    ...names.map(shortText),
    Buffer.from("eu."),
  ]);
}

function shortText(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x55, text.length]), Buffer.from(text)]);
}
