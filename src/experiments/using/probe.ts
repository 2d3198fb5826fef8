// One image of the user's, classified and attacked: what `reat ui` shows under its slider.
import { attackTakes, namedAttack } from "../../attacks/index.js";
import { looseImages } from "../../data/index.js";
import { ReatError } from "../../errors.js";
import { Generator, noGrad, scope, type Tensor, tensor } from "../../tensor/index.js";
import type { ClassProbability } from "./predict.js";
import type { TrainedClassifier } from "./trained-classifier.js";

/** How an image is attacked. */
export interface ProbeOptions {
  /** Radius of the perturbation, pixels in [0, 1]; 0 leaves the image as it is. */
  readonly epsilon: number;
  /** Default: linf. */
  readonly norm?: "linf" | "l2" | undefined;
  /** Default: pgd-20, its step a quarter of the radius. */
  readonly attack?: string | undefined;
  /** Of the attack's random numbers. Default: 0. */
  readonly seed?: number | undefined;
  /** Classes of each answer. Default: 5. */
  readonly top?: number | undefined;
}

/** Pixels of 0 to 255, row by row, red, green and blue beside each other. */
export interface ProbedImage {
  readonly pixels: Uint8Array;
  readonly classes: readonly ClassProbability[];
}

/** What the classifier says before and after. */
export interface Probe {
  readonly width: number;
  readonly height: number;
  readonly clean: ProbedImage;
  readonly adversarial: ProbedImage;
  /** The perturbation, grey where there is none, stretched to the whole range. */
  readonly difference: Uint8Array;
}

/**
 * Attacks an image against the class that the classifier itself gives it. The image is scaled so that it covers the network's
 * size, and its middle is cut out.
 * @param file an image file
 * @throws ReatError `data` for what is no image or damaged, `config` for an unknown attack, `usage` for a radius below 0
 */
export async function probeImage(
  classifier: TrainedClassifier,
  file: string,
  options: ProbeOptions,
): Promise<Probe> {
  const { epsilon, norm = "linf", attack = "pgd-20", seed = 0, top = 5 } = options;
  if (!(epsilon >= 0 && Number.isFinite(epsilon))) {
    throw new ReatError("usage", `The radius must be a number of at least 0, but is ${epsilon}.`);
  }
  const { imageSize, device, model, classNames, description } = classifier;
  const { orientation } = description.preprocessing;
  const decode = { orientation, cover: imageSize };
  const { height, width } = imageSize;
  for await (const { planes } of looseImages([file], { size: imageSize, decode })) {
    return scope(() => {
      const image = tensor(Buffer.from(planes), { dtype: "uint8", shape: [1, 3, height, width] })
        .to("float32")
        .div(255)
        .to(device);
      const answer = (shown: Tensor) =>
        noGrad(() => model.withMode("frozen", () => model.logits(shown).softmax(1).toArray()))
          .map((probability, classId) => ({ className: classNames[classId]!, classId, probability }))
          .sort((a, b) => b.probability - a.probability || a.classId - b.classId);
      const before = answer(image);
      const adversarial =
        epsilon === 0
          ? image
          : perturbed(classifier, image, before[0]!.classId, { epsilon, norm, attack, seed });
      const difference = adversarial.sub(image);
      const largest = Math.max(difference.abs().amax().item(), 1e-6);
      return {
        ...{ width, height },
        clean: { pixels: interleaved(image), classes: before.slice(0, top) },
        adversarial: { pixels: interleaved(adversarial), classes: answer(adversarial).slice(0, top) },
        difference: interleaved(difference.div(2 * largest).add(0.5)),
      };
    });
  }
  throw new ReatError("data", `${file} holds no image.`);
}

function perturbed(
  { model, device }: TrainedClassifier,
  image: Tensor,
  label: number,
  { epsilon, norm, attack, seed }: Required<Omit<ProbeOptions, "top">> & { norm: "linf" | "l2" },
): Tensor {
  const step = attackTakes(attack, "stepSize") ? { stepSize: epsilon / 4 } : {};
  const named = namedAttack(attack, { norm, epsilon, ...step });
  const own = tensor(BigInt64Array.of(BigInt(label))).to(device);
  const mode = named.attack.followsGradients ? "fast" : "frozen";
  return model.withMode(mode, () => named.attack.perturb(model, image, own, new Generator(seed, device)));
}

/** [1, 3, H, W] in [0, 1] → bytes, channels last. */
function interleaved(images: Tensor): Uint8Array {
  return images
    .mul(255)
    .add(0.5)
    .clamp(0, 255)
    .to("uint8")
    .permute([0, 2, 3, 1])
    .contiguous()
    .toTypedArray() as Uint8Array;
}
