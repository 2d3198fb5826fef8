// A classifier's weights as safetensors, with its description in the metadata.
import { encodeSafetensors } from "../training/index.js";
import { describeAsJson } from "./description.js";
import { type ExportSubject, networkState } from "./subject.js";

/** Where the description lies in the file's metadata. */
const key = "reat";

/**
 * The network's weights under the names of its published implementation. What is no tensor (class names, normalisation, the
 * correction of the logits) is JSON under "reat" in the metadata.
 */
export function safetensorsFile(subject: ExportSubject): Uint8Array[] {
  const metadata = { format: "pt", [key]: describeAsJson(subject.description) };
  return encodeSafetensors({ tensors: networkState(subject), metadata });
}
