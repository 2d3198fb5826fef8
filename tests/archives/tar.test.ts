// Tar archives: names long and short, plain and gzipped, and every way to be damaged.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readTar } from "../../src/archives/tar.js";
import { tar, tarGz, temporaryFolder } from "../data/files.js";

async function readAll(bytes: Uint8Array): Promise<Record<string, string>> {
  const file = join(temporaryFolder(), "a.tar");
  writeFileSync(file, bytes);
  const found: Record<string, string> = {};
  for await (const entry of readTar(file))
    if (!entry.path.endsWith("skip")) found[entry.path] = (await entry.read()).toString();
  return found;
}

const long = `${"folder/".repeat(30)}file.png`;
const files = { "a/b.txt": "hello", empty: "", skip: "x".repeat(700), [long]: "y".repeat(513) };
const expected = { "a/b.txt": "hello", empty: "", [long]: "y".repeat(513) };

describe("readTar", () => {
  it("reads plain and gzipped archives, pax and GNU long names, and passes over what is not asked for", async () => {
    expect(await readAll(tar(files))).toEqual(expected);
    expect(await readAll(tar(files, "gnu"))).toEqual(expected);
    expect(await readAll(tarGz(files))).toEqual(expected);
  });

  it("keeps entries apart when reads run on while the next entry is asked for", async () => {
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`f${i}`, `${i}`.repeat(300)]));
    const file = join(temporaryFolder(), "a.tar.gz");
    writeFileSync(file, tarGz(many));
    const reads: Promise<[string, string]>[] = [];
    for await (const entry of readTar(file))
      reads.push(entry.read().then((bytes) => [entry.path, bytes.toString()]));
    expect(Object.fromEntries(await Promise.all(reads))).toEqual(many);
  });

  it("says that an archive is cut off, plain or gzipped", async () => {
    await expect(readAll(tar(files).subarray(0, 1100))).rejects.toThrow(
      "is cut off: the archive ends in the middle",
    );
    const whole = tarGz(files);
    for (const length of [20, whole.length >> 1, whole.length - 4]) {
      await expect(readAll(whole.subarray(0, length))).rejects.toThrow(
        "is cut off: the archive ends in the middle",
      );
    }
  });

  it("says that an archive is damaged or none", async () => {
    const gzipped = Buffer.from(tarGz(files));
    gzipped[gzipped.length - 6]! ^= 1;
    await expect(readAll(gzipped)).rejects.toThrow("is damaged: its compressed data does not unpack");
    const header = Buffer.from(tar(files));
    header[1024 + 512 + 3]! ^= 1;
    await expect(readAll(header)).rejects.toThrow("a file header inside the archive fails its checksum");
    await expect(readAll(Buffer.alloc(2048, 65))).rejects.toThrow("is not a tar archive");
    await expect(readAll(gzipSync(Buffer.alloc(1024)))).rejects.toThrow("is an empty archive");
  });
});
