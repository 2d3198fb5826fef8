// The zip archive that torch.save makes of a pickle and the elements of its tensors.
import { type Zippable, zipSync } from "fflate";
import { ReatError } from "../../errors.js";
import { type PythonValue, writePickle } from "./pickle-writer.js";

/** Every name in the archive begins with the same folder. */
const folder = "model";

/** PyTorch lays each tensor's elements at such a multiple, so that they can be mapped into memory as they are. */
const alignment = 64;
/** Before an entry's data: the header, its name, and a field of padding with a head of its own. */
const headerLength = 30;
const fieldHead = 4;
/** "FB", the field that PyTorch pads with. */
const paddingField = 0x4246;

/**
 * A file that `torch.load(file, weights_only=True)` reads.
 * @throws ReatError `config` where it would be 4 GiB or more
 */
export function encodeTorchArchive(value: PythonValue): Uint8Array {
  const { bytes, storages } = writePickle(value);
  const contents: [string, Uint8Array][] = [
    ["data.pkl", bytes],
    ["byteorder", Buffer.from("little")],
    ...[...storages].map(([key, elements]): [string, Uint8Array] => [`data/${key}`, elements]),
    ["version", Buffer.from("3\n")],
  ];
  const archive: Zippable = {};
  let at = 0;
  for (const [name, content] of contents) {
    const path = `${folder}/${name}`;
    const begins = at + headerLength + path.length + fieldHead;
    const padding = (alignment - (begins % alignment)) % alignment;
    // A fixed date: the same weights give the same file.
    const mtime = new Date(1980, 0, 1);
    archive[path] = [content, { level: 0, mtime, extra: { [paddingField]: new Uint8Array(padding) } }];
    at = begins + padding + content.length;
  }
  if (at >= 2 ** 32)
    throw new ReatError("config", `A file for PyTorch holds less than 4 GiB, not ${at} bytes.`);
  return zipSync(archive);
}
