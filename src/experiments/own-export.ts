// What an exported file of this project says of itself where weights from elsewhere are measured.
import { ReatError } from "../errors.js";
import { type ClassifierDescription, parseDescription } from "../export/index.js";
import { inferenceModel } from "../methods/index.js";
import type { ImageClassifier } from "../nn/index.js";
import type { Normalisation, WeightsFile } from "../weights/index.js";

/** What is wanted of a file by whoever measures it. */
interface Wanted {
  readonly architecture: string;
  readonly classifier: string;
  readonly normalisation: Normalisation | null;
}

/** The description in a file; null where it is from elsewhere. @throws ReatError `checkpoint` for a damaged one */
export function ownDescription({ file, texts }: WeightsFile): ClassifierDescription | null {
  const json = texts.get("reat");
  return json === undefined ? null : parseDescription(json, file);
}

/** @throws ReatError `usage` where something else is asked for than the file says */
export function requireAgreement(file: string, description: ClassifierDescription, wanted: Wanted): void {
  const { architecture, classifier, normalisation } = description;
  const refuse = (what: string, own: string, asked: string) =>
    new ReatError("usage", `${file} says that its ${what} is ${own}; ${asked} was asked for.`);
  if (wanted.architecture !== architecture) throw refuse("network", architecture, wanted.architecture);
  if (wanted.classifier !== classifier) throw refuse("classifier", classifier, wanted.classifier);
  const asked = wanted.normalisation;
  if (asked === null) return;
  const text = (value: Normalisation | null) =>
    value ? `mean ${value.mean.join(", ")} and deviation ${value.deviation.join(", ")}` : "none";
  if (text(asked) !== text(normalisation)) throw refuse("normalisation", text(normalisation), text(asked));
}

/**
 * The network as the file's method means it to be used, and a word of it.
 * @param images the size of the images that it is measured on
 */
export function asDescribed(
  model: ImageClassifier,
  { method, classCounts, normalisation, correction, imageSize }: ClassifierDescription,
  images: ClassifierDescription["imageSize"],
): { readonly model: ImageClassifier; readonly notes: readonly string[] } {
  return {
    model: inferenceModel(method, { classCounts }, model),
    notes: [
      ...(images.width !== imageSize.width || images.height !== imageSize.height
        ? [
            `The images are ${images.width}×${images.height} pixels, and the network was trained on ${imageSize.width}×${imageSize.height}; --resize scales them.`,
          ]
        : []),
      ...(normalisation ? ["Images are normalised as the file says."] : []),
      ...(correction ? [`Logits are corrected as the file says, by the rule of ${method.name}.`] : []),
    ],
  };
}
