// PyTorch's default initialisation of convolutions and linear layers, drawn from a given generator.
import { empty, type Generator, operator, type Tensor } from "../tensor/index.js";

const uniformInPlace = operator("uniform_");

function uniform(shape: readonly number[], bound: number, generator: Generator): Tensor {
  return uniformInPlace(empty(shape, { device: generator.device }), -bound, bound, generator);
}

function fanIn(shape: readonly number[]): number {
  return shape.slice(1).reduce((product, size) => product * size, 1);
}

/**
 * Kaiming's uniform initialisation with slope √5 (He et al. 2015, equation 14, as PyTorch's layers call it).
 * @param shape of a weight, outputs first; the other sizes make the fan-in
 */
export function defaultWeight(shape: readonly number[], generator: Generator): Tensor {
  // Written as PyTorch writes it, so that equal seeds give equal bits.
  const slope = Math.sqrt(5);
  const gain = Math.sqrt(2 / (1 + slope ** 2));
  return uniform(shape, (Math.sqrt(3) * gain) / Math.sqrt(fanIn(shape)), generator);
}

/** A bias [filters], uniform within ±1/√fan-in of the weight that it belongs to. */
export function defaultBias(weightShape: readonly number[], generator: Generator): Tensor {
  return uniform([weightShape[0]!], 1 / Math.sqrt(fanIn(weightShape)), generator);
}
