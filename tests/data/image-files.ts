// Makes image files byte by byte, so that what they must decode to is known without a decoder.
import { crc32, deflateSync } from "node:zlib";

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** Colour kinds of png: grey, RGB, grey with alpha, RGB with alpha. */
const kinds: Readonly<Record<number, number>> = { 1: 0, 3: 2, 2: 4, 4: 6 };

/** A png of these samples, interleaved, of 8 or 16 bits; with `profile`, an ICC profile that says how to show it. */
export function png(
  samples: readonly number[],
  shape: { width: number; height: number; channels: 1 | 2 | 3 | 4; bits?: 8 | 16 },
  profile?: Uint8Array,
): Buffer {
  const { width, height, channels, bits = 8 } = shape;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bits, kinds[channels]!], 8);
  const bytes = Buffer.from(bits === 8 ? samples : samples.flatMap((v) => [v >> 8, v & 255]));
  const row = bytes.length / height;
  const rows = Array.from({ length: height }, (_, y) =>
    Buffer.concat([Buffer.alloc(1), bytes.subarray(y * row, (y + 1) * row)]),
  );
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    ...(profile ? [chunk("iCCP", Buffer.concat([Buffer.from("p\0\0"), deflateSync(profile)]))] : []),
    chunk("IDAT", deflateSync(Buffer.concat(rows))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** The same png as one that says it has two pictures; of the second there is nothing, which who reads the first does not notice. */
export function animatedPng(still: Buffer): Buffer {
  const header = 8 + 25;
  const control = Buffer.alloc(8);
  control.writeUInt32BE(2, 0);
  return Buffer.concat([still.subarray(0, header), chunk("acTL", control), still.subarray(header)]);
}

/**
 * A baseline jpeg of 8×8 pixels of one colour, whose samples decode to exactly these values: every block has its mean alone.
 * Four values make a jpeg of inks, with Adobe's marker or without.
 */
export function flatJpeg(values: readonly number[], adobe = false): Buffer {
  const segment = (marker: number, data: readonly number[]) => [
    ...[0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255],
    ...data,
  ];
  const components = values.map((_, i) => i + 1);
  const table = (kind: number, lengths: readonly number[], symbols: readonly number[]) =>
    segment(0xc4, [kind, ...Array.from({ length: 16 }, (_, i) => lengths[i] ?? 0), ...symbols]);
  let bits = "";
  for (const value of values) {
    const mean = value - 128;
    const size = mean === 0 ? 0 : Math.floor(Math.log2(Math.abs(mean))) + 1;
    const code = mean < 0 ? mean + 2 ** size - 1 : mean;
    // Sizes 0 to 8 have codes of four bits, in order; the end of a block has the code 0.
    bits += `${size.toString(2).padStart(4, "0")}${size ? code.toString(2).padStart(size, "0") : ""}0`;
  }
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
  const scan = (bits.match(/.{8}/g) ?? []).flatMap((byte) => {
    const value = Number.parseInt(byte, 2);
    return value === 0xff ? [0xff, 0] : [value];
  });
  return Buffer.from([
    ...[0xff, 0xd8],
    ...(adobe ? segment(0xee, [...Buffer.from("Adobe"), 0, 100, 0, 0, 0, 0, 0]) : []),
    ...segment(0xdb, [0, ...new Array<number>(64).fill(8)]),
    ...segment(0xc0, [8, 0, 8, 0, 8, values.length, ...components.flatMap((id) => [id, 0x11, 0])]),
    ...table(0x00, [0, 0, 0, 9], [0, 1, 2, 3, 4, 5, 6, 7, 8]),
    ...table(0x10, [1], [0]),
    ...segment(0xda, [values.length, ...components.flatMap((id) => [id, 0]), 0, 63, 0]),
    ...scan,
    ...[0xff, 0xd9],
  ]);
}
