// Types of tile-points.mjs.
export interface Fraction {
  readonly n: bigint;
  readonly d: bigint;
}
/** Points ±a and ±b with their squares, and the scalings of the kernel's rows. */
export interface TilePoints {
  readonly a: Fraction;
  readonly b: Fraction;
  readonly aa: Fraction;
  readonly bb: Fraction;
  readonly atZero: Fraction;
  readonly atA: Fraction;
  readonly atB: Fraction;
}
export type TileAlgorithm = "Winograd" | "StridedForth" | "StridedBack";

export function fraction(
  numerator: bigint | number | string,
  denominator?: bigint | number | string,
): Fraction;
export function number(value: Fraction): number;
export function pointsOf(a: Fraction, b: Fraction): TilePoints;
export function pointsInSource(): Readonly<Record<TileAlgorithm, TilePoints>>;
/** Result, tap and sample of each factor that a convolution does not have. */
export function wrongFactors(name: TileAlgorithm, at: TilePoints): [number, number, number][];
export function errorBound(
  name: TileAlgorithm,
  at: TilePoints,
  channels: number,
): { readonly tiles: number; readonly direct: number };
export function measuredRounding(
  name: TileAlgorithm,
  at: TilePoints,
  channels?: number,
  tiles?: number,
): number;
export function boundTable(): string[];
