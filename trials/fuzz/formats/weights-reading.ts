// Reads a file of weights as `reat eval --weights` does, as a text to compare.
import { createHash } from "node:crypto";
import { readWeightsFile } from "reat/weights";

/** Names, element types, shapes and sums of the elements. */
export async function readWeights(file: string): Promise<string> {
  const { state } = await readWeightsFile(file);
  return JSON.stringify(
    [...state].map(([name, { dtype, shape, bytes }]) => [
      ...[name, dtype, shape],
      createHash("sha256").update(bytes).digest("hex").slice(0, 16),
    ]),
  );
}
