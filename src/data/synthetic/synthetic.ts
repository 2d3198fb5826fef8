// The embedded data set, drawn by a program: ten kinds of shapes in random colours, places, sizes and turns.
import { ReatError } from "../../errors.js";
import { channelCount } from "../channels.js";
import { CounterRandom, mixSeed } from "../counter-random.js";
import { createDataset, type ImageDataset, type ImageSplit } from "../dataset.js";
import { shapeFamilies } from "./shapes.js";

/** The seed and the sizes of the synthetic set. */
export interface SyntheticOptions {
  /** 0 to 2³²−1. */
  readonly seed: number;
  readonly trainPerClass: number;
  readonly testPerClass: number;
}

/** The default sizes of the synthetic set. */
export const syntheticDefaults: SyntheticOptions = { seed: 0, trainPerClass: 1000, testPerClass: 200 };

const side = 32;
const imageArea = side * side;

/**
 * Ten classes, 32×32 RGB. The class is the shape alone: colour, brightness (light on dark as often as dark on light),
 * place and size carry no information, so a linear model stays near chance, while a small convolutional network learns it.
 * Shapes are large and differ from their background by far more than 8/255, so robust learning is possible too. Image i of
 * a split depends on the seed, the split and i only; its class is i mod 10. Same options, same bytes, on every platform.
 * @throws ReatError `config` for impossible sizes or seeds
 */
export function generateSynthetic(options: Partial<SyntheticOptions> = {}): ImageDataset {
  const { seed, trainPerClass, testPerClass } = { ...syntheticDefaults, ...options };
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new ReatError(
      "config",
      `The seed ${seed} is not usable: it must be a whole number from 0 to 4294967295.`,
    );
  }
  for (const [what, count] of Object.entries({ trainPerClass, testPerClass })) {
    if (!Number.isInteger(count) || count < 1) {
      throw new ReatError("config", `${what} is ${count}; it must be a whole number of at least 1.`);
    }
  }
  return createDataset({
    name: "synthetic",
    synthetic: true,
    classNames: shapeFamilies.map((shape) => shape.name),
    height: side,
    width: side,
    train: drawSplit(seed, 0, trainPerClass),
    test: drawSplit(seed, 1, testPerClass),
    notes: [
      `Synthetic images, drawn by a program with seed ${seed}: results on them say nothing about photographs.`,
    ],
  });
}

function drawSplit(seed: number, split: number, perClass: number): ImageSplit {
  const count = perClass * shapeFamilies.length;
  const images = new Uint8Array(count * channelCount * imageArea);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = i % shapeFamilies.length;
    drawImage(
      images.subarray(i * channelCount * imageArea, (i + 1) * channelCount * imageArea),
      labels[i]!,
      mixSeed(seed, split, i),
    );
  }
  return { images, labels, count };
}

type Colour = readonly [number, number, number];

function drawImage(image: Uint8Array, label: number, seed: number): void {
  const random = new CounterRandom(seed);
  const { back, front } = drawColours(random);
  const size = random.uniform(6.5, 11.5);
  const margin = size + 1;
  const centreX = random.uniform(margin, side - margin);
  const centreY = random.uniform(margin, side - margin);
  const [cos, sin] = drawTurn(random);
  const upsideDown = random.below(2) === 0 ? 1 : -1;
  const slope: Colour = [
    random.uniform(-0.12, 0.12),
    random.uniform(-0.12, 0.12),
    random.uniform(-0.12, 0.12),
  ];
  const alongX = random.uniform(-1, 1);
  const alongY = random.uniform(-1, 1);
  const blobs = Array.from({ length: random.below(4) }, () => ({
    x: random.uniform(0, side),
    y: random.uniform(0, side),
    radius: random.uniform(1, 2.5),
    colour: [random.uniform(), random.uniform(), random.uniform()] as const,
  }));
  const noise = random.uniform(0.02, 0.1);
  const distance = shapeFamilies[label]!.distance;

  const coverage = new Float64Array(imageArea);
  for (let row = 0, at = 0; row < side; row++) {
    for (let column = 0; column < side; column++, at++) {
      const dx = column + 0.5 - centreX;
      const dy = (row + 0.5 - centreY) * upsideDown;
      coverage[at] = cover(distance(cos * dx + sin * dy, cos * dy - sin * dx, size));
    }
  }
  for (let channel = 0; channel < channelCount; channel++) {
    const plane = image.subarray(channel * imageArea, (channel + 1) * imageArea);
    for (let row = 0, at = 0; row < side; row++) {
      for (let column = 0; column < side; column++, at++) {
        const gradient = (alongX * (column - side / 2) + alongY * (row - side / 2)) / (side / 2);
        let value = back[channel]! + gradient * slope[channel]!;
        value += coverage[at]! * (front[channel]! - value);
        for (const blob of blobs) {
          const x = column + 0.5 - blob.x;
          const y = row + 0.5 - blob.y;
          const reach = blob.radius + 0.5;
          if (x * x + y * y < reach * reach) {
            value += cover(Math.sqrt(x * x + y * y) - blob.radius) * (blob.colour[channel]! - value);
          }
        }
        // Two uniforms make a triangular noise: close enough to Gaussian, without a logarithm. One draw holds both.
        const bits = random.nextUint32();
        value += noise * (((bits >>> 16) + (bits & 0xffff)) / 65_536 - 1);
        plane[at] = Math.round(255 * Math.min(1, Math.max(0, value)));
      }
    }
  }
}

/** Part of a pixel that lies inside an outline at this distance. */
function cover(distance: number): number {
  return Math.min(1, Math.max(0, 0.5 - distance));
}

/** Background and shape colour: any hues, brightness apart by at least 0.3, either the lighter. */
function drawColours(random: CounterRandom): { back: Colour; front: Colour } {
  for (;;) {
    const back: Colour = [random.uniform(), random.uniform(), random.uniform()];
    const front: Colour = [random.uniform(), random.uniform(), random.uniform()];
    if (Math.abs(luminance(back) - luminance(front)) >= 0.3) return { back, front };
  }
}

function luminance([red, green, blue]: Colour): number {
  return 0.3 * red + 0.59 * green + 0.11 * blue;
}

/** Cosine and sine of a turn of at most some 17 degrees, by normalising a vector: no trigonometry, no platform rounding. */
function drawTurn(random: CounterRandom): readonly [number, number] {
  const tangent = random.uniform(-0.3, 0.3);
  const length = Math.sqrt(1 + tangent * tangent);
  return [1 / length, tangent / length];
}
