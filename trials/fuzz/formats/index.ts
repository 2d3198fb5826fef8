// All kinds of files that the fuzzer knows.
import type { Format } from "../case.js";
import { broken } from "./broken.js";
import { checkpoint } from "./checkpoint.js";
import { image } from "./image.js";
import { packed } from "./packed.js";
import { pickleFile } from "./pickle.js";
import { run } from "./run.js";
import { safetensors } from "./safetensors.js";
import { tar } from "./tar.js";
import { torch } from "./torch.js";
import { yaml } from "./yaml.js";
import { zip } from "./zip.js";

/** In the order in which cases go round. */
export const formats: readonly Format[] = [
  tar,
  zip,
  image,
  pickleFile,
  torch,
  safetensors,
  checkpoint,
  run,
  packed,
  yaml,
];

/** By name; the reader that does everything wrong is found by its name alone. @throws Error for an unknown one */
export function formatNamed(name: string): Format {
  const found = [...formats, broken].find((format) => format.name === name);
  if (!found)
    throw new Error(`--format takes ${formats.map((format) => format.name).join(", ")}, got "${name}"`);
  return found;
}
