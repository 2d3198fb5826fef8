// Image size and kind from the first bytes of a png, jpeg or webp file.

export interface ImageHeader {
  readonly format: "png" | "jpeg" | "webp";
  readonly width: number;
  readonly height: number;
  /** WebP without extended header: no colour profile, no animation, so a bare decoder gives the final pixels. */
  readonly plainWebp: boolean;
}

/** The header of a png, jpeg or webp file; undefined for anything else and for files that end too early. */
export function readImageHeader(bytes: Buffer): ImageHeader | undefined {
  if (bytes.length < 30) return undefined;
  if (bytes.readUInt32BE(0) === 0x89504e47) {
    return { format: "png", width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), plainWebp: false };
  }
  if (bytes.readUInt16BE(0) === 0xffd8) return readJpeg(bytes);
  if (bytes.toString("latin1", 0, 4) === "RIFF" && bytes.toString("latin1", 8, 12) === "WEBP")
    return readWebp(bytes);
  return undefined;
}

function readWebp(bytes: Buffer): ImageHeader | undefined {
  switch (bytes.toString("latin1", 12, 16)) {
    case "VP8L": {
      const packed = bytes.readUInt32LE(21);
      return {
        format: "webp",
        width: (packed & 0x3fff) + 1,
        height: ((packed >>> 14) & 0x3fff) + 1,
        plainWebp: true,
      };
    }
    case "VP8 ":
      return {
        format: "webp",
        width: bytes.readUInt16LE(26) & 0x3fff,
        height: bytes.readUInt16LE(28) & 0x3fff,
        plainWebp: true,
      };
    case "VP8X":
      return {
        format: "webp",
        width: bytes.readUIntLE(24, 3) + 1,
        height: bytes.readUIntLE(27, 3) + 1,
        plainWebp: false,
      };
    default:
      return undefined;
  }
}

function readJpeg(bytes: Buffer): ImageHeader | undefined {
  for (let at = 2; at + 9 < bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    // Start-of-frame markers, less the three in their range that mean something else.
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return {
        format: "jpeg",
        width: bytes.readUInt16BE(at + 7),
        height: bytes.readUInt16BE(at + 5),
        plainWebp: false,
      };
    }
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}
