// A classifier's weights as safetensors, with its description in the metadata.
import { ReatError } from "../errors.js";
import { encodeSafetensors } from "../training/index.js";
import { describeAsJson } from "./description.js";
import { type ExportSubject, networkState } from "./subject.js";

/** Where the description lies in the file's metadata. */
const key = "reat";

/**
 * The network's weights under the names of its published implementation. What is no tensor (class names, normalisation, the
 * correction of the logits) is JSON under "reat" in the metadata.
 * @throws ReatError `config` where the method's inference rule is not scale·z + offset, so that a reader of the file could not follow it
 */
export function safetensorsFile(subject: ExportSubject): Uint8Array[] {
  const { correction, method } = subject.description;
  if (correction === "another formula") {
    throw new ReatError(
      "config",
      `A file of weights cannot hold the rule by which ${method.name} corrects its logits, since it is not scale·z + offset; --to onnx and --to pytorch take it.`,
    );
  }
  const metadata = { format: "pt", [key]: describeAsJson(subject.description) };
  return encodeSafetensors({ tensors: networkState(subject), metadata });
}
