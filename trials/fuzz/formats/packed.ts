// Packed data sets: headers with right sums that lie, damaged bytes that the sums must find.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { createDataset, readPacked, writePacked } from "reat/data";
import { mutateBytes } from "../bytes.js";
import type { Format, Sample } from "../case.js";
import { mutateJson } from "../json.js";
import { describeDataset } from "./images-of-folders.js";

const magicLength = 8;
let packedFile: Buffer | undefined;

function withHeader(bytes: Buffer, change: (header: unknown) => unknown): Buffer {
  const length = bytes.readUInt32LE(magicLength);
  const start = magicLength + 8;
  const header = Buffer.from(
    JSON.stringify(change(JSON.parse(bytes.toString("utf8", start, start + length)))),
  );
  const result = Buffer.concat([
    bytes.subarray(0, start),
    header,
    bytes.subarray(start + Math.max(length, header.length)),
  ]);
  result.writeUInt32LE(header.length, magicLength);
  result.writeUInt32LE(crc32(header), magicLength + 4);
  // The arrays stay where they were, as far as the header leaves room for them.
  return result.length === bytes.length
    ? result
    : Buffer.concat([result, Buffer.alloc(Math.max(0, bytes.length - result.length))]);
}

/** Packed data sets. */
export const packed: Format = {
  name: "packed data",

  async prepare() {
    if (packedFile) return;
    const folder = mkdtempSync(join(tmpdir(), "reat-fuzz-packed-"));
    const file = join(folder, "data.reatpack");
    const split = (count: number) => ({
      count,
      images: Uint8Array.from({ length: count * 3 * 64 }, (_, i) => (i * 13) % 256),
      labels: Uint8Array.from({ length: count }, (_, i) => i % 2),
    });
    writePacked(
      file,
      createDataset({
        ...{ name: "tiny", synthetic: false, classNames: ["ant", "bee"], height: 8, width: 8, notes: [] },
        ...{ train: split(6), test: split(4) },
      }),
      "fuzz",
    );
    packedFile = readFileSync(file);
    rmSync(folder, { recursive: true, force: true });
  },

  make(random): Sample {
    const bytes = packedFile!;
    const reference = { "data.reatpack": bytes };
    const kind = random.below(5);
    if (kind === 0) return { files: reference, what: "as it is", expects: "same", reference };
    if (kind < 3) {
      const { bytes: mutated, what } = mutateBytes(bytes, random);
      return { files: { "data.reatpack": mutated }, what, expects: "same-if-read", reference };
    }
    let what = "";
    const mutated = withHeader(bytes, (header) => {
      const result = mutateJson(header, random);
      what = result.what;
      return result.value;
    });
    return { files: { "data.reatpack": mutated }, what: `header: ${what}`, expects: "any" };
  },

  async read(folder) {
    return describeDataset(readPacked(join(folder, "data.reatpack")));
  },
};
