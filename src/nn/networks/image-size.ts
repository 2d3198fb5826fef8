// What sizes of images a network takes, and how it refuses others.
import { ReatError } from "../../errors.js";

/** Of images, in pixels. */
export interface ImageSides {
  readonly height: number;
  readonly width: number;
}

/**
 * @param least pixels that each side must have; `multiple`: of how many it must be a whole number of times
 * @throws ReatError `config` for other sides
 */
export function requireSides(
  architecture: string,
  { height, width }: ImageSides,
  { least = 1, multiple = 1 }: { readonly least?: number; readonly multiple?: number },
): void {
  const fits = (side: number) => side >= least && side % multiple === 0;
  if (fits(height) && fits(width)) return;
  const taken =
    multiple > 1 ? `whose sides are multiples of ${multiple} pixels` : `of at least ${least}×${least} pixels`;
  throw new ReatError(
    "config",
    `The network ${architecture} takes images ${taken}, got ${width}×${height}; scale them (data.resize, such as 224) or choose another architecture.`,
  );
}
