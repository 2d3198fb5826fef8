// Operations that strong augmentations are made of, each on a batch of images with one strength per image.
import { conv2d, operator, type Tensor, tensor } from "../../tensor/index.js";

const gridSampler = operator("grid_sampler");
const affineGrid = operator("affine_grid_generator");
const bitwiseAnd = operator("bitwise_and.Tensor");
const round = operator("round");

/** float32 images `[N, 3, H, W]` of whole numbers 0…255, and the strength of each; the result is of the same kind. */
type Operation = (images: Tensor, magnitudes: readonly number[]) => Tensor;

/** One number per image, shaped to combine with `[N, 3, H, W]`. */
function column(values: readonly number[], like: Tensor): Tensor {
  return tensor(Float32Array.from(values), { shape: [values.length, 1, 1, 1], device: like.device });
}

/** Values are truncated to bytes, not rounded, as the field's tensor implementation does. */
function toBytes(images: Tensor): Tensor {
  return images.clamp(0, 255).floor();
}

/** Maps output to input pixels by 2×3 matrices in pixels around the image's centre; nearest pixel, black outside. */
function affine(matrix: (magnitude: number, width: number, height: number) => Affine): Operation {
  return (images, magnitudes) => {
    const [count, , height, width] = images.shape as [number, number, number, number];
    const rows = magnitudes.flatMap((magnitude) => {
      const [a, b, tx, c, d, ty] = matrix(magnitude, width, height);
      // To coordinates in which the image reaches from −1 to 1.
      return [a, (b * height) / width, (2 * tx) / width, (c * width) / height, d, (2 * ty) / height];
    });
    const theta = tensor(Float32Array.from(rows), { shape: [count, 2, 3], device: images.device });
    return gridSampler(images, affineGrid(theta, images.shape, false), 1, 0, false);
  };
}

/** x_in = a·x + b·y + tx, y_in = c·x + d·y + ty. */
type Affine = readonly [a: number, b: number, tx: number, c: number, d: number, ty: number];

/** factor · image + (1 − factor) · other, with factor 1 + magnitude. */
function blend(images: Tensor, other: Tensor, magnitudes: readonly number[]): Tensor {
  const factor = column(
    magnitudes.map((magnitude) => 1 + magnitude),
    images,
  );
  return toBytes(images.mul(factor).add(other.mul(factor.neg().add(1))));
}

function grey(images: Tensor): Tensor {
  const weights = tensor(Float32Array.from([0.2989, 0.587, 0.114]), {
    shape: [1, 3, 1, 1],
    device: images.device,
  });
  return images.mul(weights).sum([1], true).floor();
}

/** The image through a 3×3 filter that weighs its middle 5 of 13; the border stays as it is. */
function smoothed(images: Tensor): Tensor {
  const kernel = tensor(
    Float32Array.from([1, 1, 1, 1, 5, 1, 1, 1, 1], (v) => v / 13),
    { shape: [1, 1, 3, 3], device: images.device },
  );
  const [, channels, height, width] = images.shape as [number, number, number, number];
  const inside = round(conv2d(images, kernel.repeat([channels, 1, 1, 1]), null, { groups: channels }));
  const result = images.clone();
  result
    .slice(2, 1, height - 1)
    .slice(3, 1, width - 1)
    .copy_(inside);
  return result;
}

function autoContrast(images: Tensor): Tensor {
  const [low, high] = [images.amin([2, 3], true), images.amax([2, 3], true)];
  const range = high.sub(low);
  const flat = range.eq(0).to("float32");
  const stretched = toBytes(images.sub(low).mul(range.add(flat).reciprocal().mul(255)));
  return stretched.where(flat.eq(0).expand(images.shape), images);
}

/** Histogram equalisation of each channel (as in PIL: the last occupied level does not count towards the step). */
export function equalise(images: Tensor): Tensor {
  const [count, channels, height, width] = images.shape as [number, number, number, number];
  const levels = images.to("int64").reshape([count * channels, height * width]);
  const { device } = images;
  const zeros = tensor(new Float32Array(count * channels * 256), { shape: [count * channels, 256], device });
  const ones = levels.mul(0).add(1).to("float32");
  const histogram = zeros.scatterAdd(1, levels, ones);
  const last = histogram.gather(1, levels.amax([1], true));
  const step = last
    .neg()
    .add(height * width)
    .floorDivide(255);
  const idle = step.eq(0);
  const divisor = step.add(idle.to("float32"));
  const before = histogram.cumsum(1).sub(histogram);
  const table = before.add(divisor.floorDivide(2)).div(divisor).floor().clamp(0, 255);
  const mapped = table.gather(1, levels).reshape(images.shape);
  return images.where(idle.reshape([count, channels, 1, 1]).expand(images.shape), mapped);
}

/**
 * All operations by name. Strengths: shears as slopes, translations in pixels, rotations in degrees, blends as what is
 * added to 1, posterize as the number of bits kept, solarize as the level from which a pixel is inverted; others have none.
 */
export const imageOperations = {
  identity: (images) => images,
  shearX: affine((m, _width, height) => [1, m, (m * height) / 2, 0, 1, 0]),
  shearY: affine((m, width) => [1, 0, 0, m, 1, (m * width) / 2]),
  translateX: affine((m) => [1, 0, -m, 0, 1, 0]),
  translateY: affine((m) => [1, 0, 0, 0, 1, -m]),
  rotate: affine((m) => {
    const [cos, sin] = [Math.cos((m * Math.PI) / 180), Math.sin((m * Math.PI) / 180)];
    return [cos, -sin, 0, sin, cos, 0];
  }),
  brightness: (images, magnitudes) => blend(images, images.mul(0), magnitudes),
  color: (images, magnitudes) => blend(images, grey(images), magnitudes),
  contrast: (images, magnitudes) => blend(images, grey(images).mean([2, 3], true), magnitudes),
  sharpness: (images, magnitudes) => blend(images, smoothed(images), magnitudes),
  posterize: (images, magnitudes) => {
    const masks = magnitudes.map((bits) => 256 - 2 ** (8 - bits));
    return bitwiseAnd(images.to("int64"), column(masks, images).to("int64")).to("float32");
  },
  solarize: (images, magnitudes) =>
    images
      .neg()
      .add(255)
      .where(images.ge(column(magnitudes, images)), images),
  autoContrast,
  equalize: equalise,
  invert: (images) => images.neg().add(255),
} satisfies Record<string, Operation>;

export type ImageOperation = keyof typeof imageOperations;
