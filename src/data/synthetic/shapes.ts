// The ten shapes of the synthetic data set as signed distances: negative inside, in pixels.

/**
 * Distance of the point (x, y) from the outline of a shape of half-size `r` around the origin. Only +, −, ×, sqrt, abs,
 * min and max occur: every platform rounds these alike, so the images are the same bytes everywhere.
 */
type Shape = (x: number, y: number, r: number) => number;

const { abs, max, min, sqrt, SQRT1_2 } = Math;

const plus: Shape = (x, y, r) => {
  const arm = 0.27 * r;
  return min(max(abs(x) - arm, abs(y) - r), max(abs(x) - r, abs(y) - arm));
};

const bars: Shape = (x, y, r) => max(abs(x) - r, min(abs(y), abs(abs(y) - 0.8 * r)) - 0.2 * r);

/**
 * Class id is the position. Look-alikes are far apart (disc and ring, square and frame, the crosses, the bars), so a
 * long tail turns them into the confusions of tail with head classes that the methods are about. Mirroring keeps every class.
 */
export const shapeFamilies: readonly { readonly name: string; readonly distance: Shape }[] = [
  { name: "disc", distance: (x, y, r) => sqrt(x * x + y * y) - 0.95 * r },
  { name: "square", distance: (x, y, r) => max(abs(x), abs(y)) - 0.85 * r },
  { name: "plus", distance: plus },
  { name: "triangle", distance: (x, y, r) => max(0.8660254 * abs(x) + 0.5 * y, -y) - 0.55 * r },
  { name: "ring", distance: (x, y, r) => abs(sqrt(x * x + y * y) - 0.78 * r) - 0.22 * r },
  { name: "horizontal-bars", distance: bars },
  {
    name: "checker",
    distance: (x, y, r) =>
      max(max(abs(x), abs(y)) - r, x * y > 0 ? -min(abs(x), abs(y)) : min(abs(x), abs(y))),
  },
  { name: "frame", distance: (x, y, r) => abs(max(abs(x), abs(y)) - 0.72 * r) - 0.2 * r },
  { name: "diagonal-cross", distance: (x, y, r) => plus(SQRT1_2 * (x + y), SQRT1_2 * (x - y), 1.1 * r) },
  { name: "vertical-bars", distance: (x, y, r) => bars(y, x, r) },
];
