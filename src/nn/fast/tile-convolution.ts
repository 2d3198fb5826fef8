// Convolutions of maps in blocks, tile by tile with few products, together with the bias, sum and ReLU that follow.
import { callOperator, keep, operatorMany, type Tensor } from "../../tensor/index.js";
import { currentLevers } from "./levers.js";

const tileConvolution = operatorMany("reat::tile_convolution");
const tileWeights = operatorMany("reat::tile_convolution_weights");

let processor: string | undefined;

/** The instructions that convolutions in tiles use here; "" where the processor has none that suit. */
export function tileProcessor(): "avx512" | "avx2" | "" {
  processor ??= callOperator("reat::tile_convolution_processor") as string;
  return processor as "avx512" | "avx2" | "";
}

/** Whether mode "fast" convolves in tiles. */
export function tilesWanted(): boolean {
  return currentLevers().winograd && tileProcessor() !== "";
}

let convolutions = 0;

/** How many convolutions {@link convolveTiles} has done. */
export function tileConvolutions(): number {
  return convolutions;
}

/** Geometry of a convolution whose padding keeps the size at stride 1. */
export interface TileGeometry {
  /** Side of the kernel: 3 or 1. */
  readonly kernel: number;
  /** 1 or 2. */
  readonly stride: number;
}

/** Whether there is an algorithm for it. */
export function hasTiles({ kernel, stride }: TileGeometry): boolean {
  return (kernel === 3 || kernel === 1) && (stride === 1 || stride === 2);
}

/** A weight at the points of its algorithm, for the convolution and for its gradient; each is several times as large as the weight. */
export interface TileWeights {
  readonly geometry: TileGeometry;
  /** Channels that go in. */
  readonly inputs: number;
  readonly forth: Tensor;
  readonly back: Tensor;
}

/** From a weight [O, C, k, k] with O a multiple of 16 and without gradients. Belongs to no scope. */
export function prepareTileWeights(weight: Tensor, geometry: TileGeometry): TileWeights {
  const [forth, back] = tileWeights(weight, geometry.stride) as [Tensor, Tensor];
  return { geometry, inputs: weight.shape[1]!, forth: keep(forth), back: keep(back) };
}

/**
 * Maps [N, ⌈C/16⌉, H, W, 16] to [N, O/16, H/stride, W/stride, 16]: the convolution plus bias [O] plus `addend`, through ReLU
 * where `relu`. 3×3 kernels take Winograd's F(4×4, 3×3), with stride 2 its like for the even and the odd samples (Lavin and Gray
 * 2016), which multiply a quarter and nine sixteenths as often as the definition and round three to six times more coarsely.
 * Gradients reach the maps and `addend` alone, once.
 * @returns the result, and the maps: later uses must take the returned maps, so that the sum of both gradients is fused
 */
export function convolveTiles(
  maps: Tensor,
  { geometry, inputs, forth, back }: TileWeights,
  bias: Tensor,
  { addend, relu }: { readonly addend: Tensor | null; readonly relu: boolean },
): readonly [Tensor, Tensor] {
  const { kernel, stride } = geometry;
  convolutions++;
  const results = tileConvolution(maps, forth, back, bias, addend, inputs, kernel, stride, relu);
  return results as [Tensor, Tensor];
}
