// Operations on colours whose bytes are those of Pillow 9.4, each on a batch of images with one strength per image.
import { conv2d, operator, type Tensor, tensor } from "../../tensor/index.js";
import { equalise } from "./image-operations.js";

const round = operator("round");

/** float32 images `[N, 3, H, W]` of whole numbers 0…255, and the strength of each; the result is of the same kind. */
type Operation = (images: Tensor, strengths: readonly number[]) => Tensor;

/** Rec. 601 luma in 16-bit fixed point, [N, 1, H, W]; all sums are whole numbers below 2²⁴, which float32 holds exactly. */
function luma(images: Tensor): Tensor {
  const weights = Float32Array.from([19595, 38470, 7471]);
  return images
    .mul(tensor(weights, { shape: [1, 3, 1, 1], device: images.device }))
    .sum([1], true)
    .add(32768)
    .div(65536)
    .floor();
}

/** Pillow's blend: degenerate + f·(image − degenerate), cut off to a byte. */
function enhance(degenerate: (images: Tensor) => Tensor): Operation {
  return (images, strengths) => {
    const shape = [strengths.length, 1, 1, 1];
    const factor = tensor(Float32Array.from(strengths), { shape, device: images.device });
    const other = degenerate(images);
    return other.add(images.sub(other).mul(factor)).clamp(0, 255).floor();
  };
}

/** The mean of the luma, rounded half up, for the whole image. */
function meanLuma(images: Tensor): Tensor {
  const pixels = images.shape[2]! * images.shape[3]!;
  return luma(images).sum([2, 3], true).to("float64").div(pixels).add(0.5).floor().to("float32");
}

/** 3×3 with a middle of 5, over 13, rounded half up; the border stays as it is. */
function smoothed(images: Tensor): Tensor {
  const [count, channels, height, width] = images.shape as [number, number, number, number];
  const kernel = tensor(Float32Array.from([1, 1, 1, 1, 5, 1, 1, 1, 1]), {
    shape: [1, 1, 3, 3],
    device: images.device,
  });
  const sums = conv2d(images.reshape([count * channels, 1, height, width]), kernel, null);
  const inside = round(sums).mul(2).add(13).div(26).floor();
  const result = images.clone();
  result
    .slice(2, 1, height - 1)
    .slice(3, 1, width - 1)
    .copy_(inside.reshape([count, channels, height - 2, width - 2]));
  return result;
}

/** Each channel stretched from its own darkest and brightest to 0 and 255; in float64, as Python computes the table. */
function autoContrast(images: Tensor): Tensor {
  const exact = images.to("float64");
  const [low, high] = [exact.amin([2, 3], true), exact.amax([2, 3], true)];
  const range = high.sub(low);
  const flat = range.eq(0);
  const scale = range
    .mul(0)
    .add(255)
    .div(range.add(flat.to("float64")));
  const stretched = exact.mul(scale).add(low.neg().mul(scale)).clamp(0, 255).floor().to("float32");
  return images.where(flat.expand(images.shape), stretched);
}

/** The operations of IDBH that change colours, by the names of its code. */
export const pillowOperations = {
  color: enhance((images) => luma(images).expand(images.shape)),
  brightness: enhance((images) => images.mul(0)),
  contrast: enhance((images) => meanLuma(images).expand(images.shape)),
  sharpness: enhance(smoothed),
  autocontrast: (images) => autoContrast(images),
  equalize: (images) => equalise(images),
} satisfies Record<string, Operation>;

/** The name of one of {@link pillowOperations}. */
export type PillowOperation = keyof typeof pillowOperations;
