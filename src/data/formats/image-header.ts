// Kind, size and colours from the first bytes of a png, jpeg or webp file, and the names of kinds that are not read.

export interface ImageHeader {
  readonly format: "png" | "jpeg" | "webp";
  /** As stored: an EXIF orientation may turn the image. */
  readonly width: number;
  readonly height: number;
  /** WebP without an extended header has no colour profile, EXIF or animation, so the plain decoder gives the final pixels. */
  readonly plainWebp: boolean;
  /** A jpeg of four inks. */
  readonly cmyk: boolean;
  /** A webp or png of several pictures, of which the first is read. */
  readonly animated: boolean;
}

/** The header of a png, jpeg or webp file; undefined for anything else and for files that end too early. */
export function readImageHeader(bytes: Buffer): ImageHeader | undefined {
  if (bytes.length >= 24 && bytes.readUInt32BE(0) === 0x89504e47) {
    const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
    return { format: "png", width, height, plainWebp: false, cmyk: false, animated: isAnimatedPng(bytes) };
  }
  if (bytes.length >= 4 && bytes.readUInt16BE(0) === 0xffd8) return readJpeg(bytes);
  if (text(bytes, 0, 4) === "RIFF" && text(bytes, 8, 12) === "WEBP") return readWebp(bytes);
  return undefined;
}

/** What a file is that is no png, jpeg or webp, by its first bytes; undefined where they are of no kind of image known here. */
export function otherImageKind(bytes: Buffer): string | undefined {
  if (text(bytes, 0, 4) === "GIF8") return "a GIF";
  if (text(bytes, 0, 4) === "II*\0" || text(bytes, 0, 4) === "MM\0*") return "a TIFF";
  if (text(bytes, 0, 2) === "BM" && bytes.length > 26) return "a BMP";
  if (text(bytes, 4, 8) === "ftyp") {
    const brand = text(bytes, 8, 12);
    return brand.startsWith("avi") ? "an AVIF" : /^(he|mif|msf)/.test(brand) ? "a HEIC" : undefined;
  }
  return undefined;
}

/** The chunk that tells how many pictures there are stands before the first one. */
function isAnimatedPng(bytes: Buffer): boolean {
  for (let at = 8; at + 8 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const chunk = text(bytes, at + 4, at + 8);
    if (chunk === "acTL") return true;
    if (chunk === "IDAT") return false;
  }
  return false;
}

function readWebp(bytes: Buffer): ImageHeader | undefined {
  const sized = (width: number, height: number, plainWebp: boolean, animated = false): ImageHeader => ({
    format: "webp",
    ...{ width, height, plainWebp, animated },
    cmyk: false,
  });
  switch (text(bytes, 12, 16)) {
    case "VP8L": {
      // The whole file may be 28 bytes: the lossless form needs five for its own header.
      if (bytes.length < 25) return undefined;
      const packed = bytes.readUInt32LE(21);
      return sized((packed & 0x3fff) + 1, ((packed >>> 14) & 0x3fff) + 1, true);
    }
    case "VP8 ":
      if (bytes.length < 30) return undefined;
      return sized(bytes.readUInt16LE(26) & 0x3fff, bytes.readUInt16LE(28) & 0x3fff, true);
    case "VP8X":
      if (bytes.length < 30) return undefined;
      return sized(
        bytes.readUIntLE(24, 3) + 1,
        bytes.readUIntLE(27, 3) + 1,
        false,
        (bytes[20]! & 0x02) !== 0,
      );
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
        cmyk: bytes[at + 9] === 4,
        animated: false,
      };
    }
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}

function text(bytes: Buffer, from: number, to: number): string {
  return bytes.toString("latin1", from, to);
}
