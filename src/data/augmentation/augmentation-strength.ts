// What a share of the highest strength means for each operation.
import type { ImageOperation } from "./image-operations.js";

/**
 * The strength that `imageOperations` takes.
 * @param share from 0 to 1
 * @param isNegative turns operations that have two directions
 * @param size of the image in pixels
 */
export function augmentationStrength(
  operation: ImageOperation,
  share: number,
  isNegative: boolean,
  size: { readonly height: number; readonly width: number },
): number {
  const sign = isNegative ? -1 : 1;
  switch (operation) {
    case "shearX":
    case "shearY":
      return sign * 0.3 * share;
    case "translateX":
      return sign * Math.trunc((150 / 331) * size.width * share);
    case "translateY":
      return sign * Math.trunc((150 / 331) * size.height * share);
    case "rotate":
      return sign * 30 * share;
    case "brightness":
    case "color":
    case "contrast":
    case "sharpness":
      return sign * 0.9 * share;
    case "posterize":
      return 8 - Math.round(4 * share);
    case "solarize":
      return 255 * (1 - share);
    default:
      return 0;
  }
}
