// Names in archives: their bytes as text, and paths without detours.

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The upper half of the DOS character set, which zip archives use unless they declare UTF-8. */
const dos =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

export interface DecodedName {
  readonly text: string;
  /** True where the bytes are not UTF-8: each byte is then one character, so that different names stay different. */
  readonly legacy: boolean;
}

/**
 * @param fallback what the bytes are where they are no UTF-8; with `dos` a name without any slash may have backslashes
 * instead, as some programs of Windows write them
 */
export function decodeName(bytes: Buffer, fallback: "latin1" | "dos"): DecodedName {
  const { text, legacy } = decode(bytes, fallback);
  return { text: fallback === "dos" && !text.includes("/") ? text.replaceAll("\\", "/") : text, legacy };
}

function decode(bytes: Buffer, fallback: "latin1" | "dos"): DecodedName {
  try {
    return { text: utf8.decode(bytes), legacy: false };
  } catch {
    if (fallback === "latin1") return { text: bytes.toString("latin1"), legacy: true };
    const text = [...bytes].map((byte) => (byte < 128 ? String.fromCharCode(byte) : dos[byte - 128]!));
    return { text: text.join(""), legacy: true };
  }
}

/**
 * A path inside an archive without `.`, `..` and doubled slashes; undefined where it leads out of it.
 * @param from folder that a relative path starts in
 */
export function insidePath(path: string, from = ""): string | undefined {
  const parts: string[] = from === "" ? [] : from.split("/");
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}

/** The folder of a path, "" at the top. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
