// Derives the constants of the tile kernels: `node scripts/tile-points.mjs` prints points, scalings and bounds on the rounding error.
//
// This file repeats the formulas of native/tile_algorithms.h with exact fractions. It shows that they compute convolutions with no
// error but rounding, and how large the rounding error can be.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./places.mjs";

/** An exact fraction of two integers, with a positive denominator. */
const greatest = (a, b) => (b === 0n ? (a < 0n ? -a : a) : greatest(b, a % b));
export function fraction(numerator, denominator = 1n) {
  const [n, d] = [BigInt(numerator), BigInt(denominator)];
  const shared = greatest(n, d) * (d < 0n ? -1n : 1n);
  return { n: n / shared, d: d / shared };
}
const plus = (a, b) => fraction(a.n * b.d + b.n * a.d, a.d * b.d);
const times = (a, b) => fraction(a.n * b.n, a.d * b.d);
const inverse = (a) => fraction(a.d, a.n);
const minus = (a) => fraction(-a.n, a.d);
const absolute = (a) => (a.n < 0n ? minus(a) : a);
const zero = fraction(0);
const one = fraction(1);
export const number = ({ n, d }) => Number(n) / Number(d);
const isFloat32 = (a) => Math.fround(number(a)) === number(a) && greatest(a.d, 1n << 60n) === a.d;

/**
 * A value within an algorithm: an exact weighted sum of its inputs and, to first order, a bound on its rounding error. Both are kept
 * as factors of the inputs. Errors are in units of half the distance between neighbouring floats (2⁻²⁴ of the value).
 */
function rounded(exact, error) {
  return { exact, error: error.map((value, k) => plus(value, absolute(exact[k]))) };
}
const combine = (x, y, by) => x.map((value, k) => by(value, y[k]));
const sum = (x, y) => rounded(combine(x.exact, y.exact, plus), combine(x.error, y.error, plus));
const negated = (x) => ({ exact: x.exact.map(minus), error: x.error });
const difference = (x, y) => sum(x, negated(y));
/** The product with a constant, not yet rounded. A constant that is not exact in float32 was already rounded itself. */
function scaled(constant, x) {
  const exact = x.exact.map((value) => times(constant, value));
  const error = x.error.map((value) => times(absolute(constant), value));
  return { exact, error: isFloat32(constant) ? error : combine(error, exact.map(absolute), plus) };
}
function product(constant, x) {
  const { exact, error } = scaled(constant, x);
  return rounded(exact, error);
}
/** constant · x + y, rounded once. */
function fused(constant, x, y) {
  const { exact, error } = scaled(constant, x);
  return rounded(combine(exact, y.exact, plus), combine(error, y.error, plus));
}
const exactly = { sum, difference, product, fused };
const inputs = (count) =>
  Array.from({ length: count }, (_, i) => ({
    exact: Array.from({ length: count }, (_, k) => (i === k ? one : zero)),
    error: Array.from({ length: count }, () => zero),
  }));

/** The constants of `Points`: interpolation at 0, ±a and ±b. */
export function pointsOf(a, b) {
  const [aa, bb] = [times(a, a), times(b, b)];
  const two = fraction(2);
  const atZero = inverse(times(aa, bb));
  const atA = inverse(times(times(two, aa), plus(aa, minus(bb))));
  const atB = inverse(times(times(two, bb), plus(bb, minus(aa))));
  return { a, b, aa, bb, atZero, atA, atB };
}

function inputAtPoints({ sum, difference, product, fused }, { a, b, aa, bb }, d) {
  const [evenA, evenB] = [fused(minus(bb), d[2], d[4]), fused(minus(aa), d[2], d[4])];
  const oddA = product(a, fused(minus(bb), d[1], d[3]));
  const oddB = product(b, fused(minus(aa), d[1], d[3]));
  const first = fused(minus(bb), fused(minus(aa), d[0], d[2]), evenB);
  return [first, sum(evenA, oddA), difference(evenA, oddA), sum(evenB, oddB), difference(evenB, oddB)];
}

function outputFromPoints({ sum, difference, product, fused }, { a, b, aa, bb }, m) {
  const [sumA, differenceA] = [sum(m[1], m[2]), difference(m[1], m[2])];
  const [sumB, differenceB] = [sum(m[3], m[4]), difference(m[3], m[4])];
  return [
    sum(sum(m[0], sumA), sumB),
    fused(b, differenceB, product(a, differenceA)),
    fused(bb, sumB, product(aa, sumA)),
    fused(times(bb, b), differenceB, product(times(aa, a), differenceA)),
  ];
}

function kernelAtPoints({ product, fused }, { a, b, atZero, atA, atB }, first, middle, evenA, evenB) {
  return [
    product(atZero, first),
    product(atA, fused(a, middle, evenA)),
    product(atA, fused(minus(a), middle, evenA)),
    product(atB, fused(b, middle, evenB)),
    product(atB, fused(minus(b), middle, evenB)),
  ];
}

/**
 * The algorithms in one dimension. `meets(i, k)` is the tap with which sample k enters result i, if it does. The kernels keep the
 * products of the middle tap only once; here each of them is written out.
 */
export const algorithms = {
  Winograd: {
    taps: 3,
    samples: 6,
    meets: (i, k) => k - i,
    input: (by, at, d) => [
      ...inputAtPoints(by, at, d),
      by.fused(times(at.aa, at.bb), d[1], by.fused(minus(plus(at.aa, at.bb)), d[3], d[5])),
    ],
    kernel: (by, at, w) => [
      ...kernelAtPoints(by, at, w[0], w[1], by.fused(at.aa, w[2], w[0]), by.fused(at.bb, w[2], w[0])),
      w[2],
    ],
    output: (by, at, m) => outputFromPoints(by, at, m).map((y, i) => (i === 3 ? by.sum(y, m[5]) : y)),
  },
  StridedForth: {
    taps: 3,
    samples: 9,
    meets: (i, k) => k - 2 * i,
    input: (by, at, d) => [...inputAtPoints(by, at, [d[0], d[2], d[4], d[6], d[8]]), d[1], d[3], d[5], d[7]],
    kernel: (by, at, w) => [...kernelAtPoints(by, at, w[0], w[2], w[0], w[0]), w[1], w[1], w[1], w[1]],
    output: (by, at, m) => outputFromPoints(by, at, m).map((y, i) => by.sum(y, m[5 + i])),
  },
  StridedBack: {
    taps: 3,
    samples: 5,
    // Sample k is the gradient of result k, which took tap j from place 2k + j − 1.
    meets: (i, k) => i - 2 * k + 1,
    input: (by, at, d) => [...inputAtPoints(by, at, d), ...d.slice(0, 4)],
    kernel: (by, at, w) => [...kernelAtPoints(by, at, w[2], w[0], w[2], w[2]), w[1], w[1], w[1], w[1]],
    output: (by, at, m) => outputFromPoints(by, at, m).flatMap((odd, i) => [m[5 + i], odd]),
  },
};

/** The points of the kernels, read from their source. */
export function pointsInSource() {
  const source = readFileSync(join(packageRoot, "native", "tile_algorithms.h"), "utf8");
  const of = (name) => {
    const found = new RegExp(
      `struct ${name} \\{.*?using At = Points<(\\d+), (\\d+), (\\d+), (\\d+)>`,
      "s",
    ).exec(source);
    if (!found) throw new Error(`native/tile_algorithms.h has no points of ${name}`);
    const [, ...parts] = found;
    return pointsOf(fraction(parts[0], parts[1]), fraction(parts[2], parts[3]));
  };
  const strided = of("Strided");
  return { Winograd: of("Winograd"), StridedForth: strided, StridedBack: strided };
}

function traced(name, at) {
  const { samples, taps, input, kernel, output } = algorithms[name];
  const [v, u] = [input(exactly, at, inputs(samples)), kernel(exactly, at, inputs(taps))];
  return { v, u, y: output(exactly, at, inputs(v.length)) };
}

/** The result, tap and sample of each factor that differs from a convolution. Empty if the formulas are one. */
export function wrongFactors(name, at) {
  const { samples, taps, meets } = algorithms[name];
  const { v, u, y } = traced(name, at);
  const wrong = [];
  for (const [i, result] of y.entries()) {
    for (let j = 0; j < taps; j++) {
      for (let k = 0; k < samples; k++) {
        const factor = v
          .map((value, p) => times(result.exact[p], times(u[p].exact[j], value.exact[k])))
          .reduce(plus, zero);
        const expected = meets(i, k) === j ? one : zero;
        if (factor.n !== expected.n || factor.d !== expected.d) wrong.push([i, j, k]);
      }
    }
  }
  return wrong;
}

/** How many terms are summed in a register before the sum is added to the others: `kSpan` of the kernels. */
const span = 64;

/** The rounding error, to first order, of a sum of `count` products of size 1, added up as the kernels do: fused, span by span. */
function roundingOfSum(count) {
  let error = 0;
  for (let done = 0; done < count; done += span) {
    const terms = Math.min(span, count - done);
    error += (terms * (terms + 1)) / 2;
    if (done > 0) error += done + terms;
  }
  return error;
}

/**
 * The largest rounding error of a result of the two-dimensional convolution over all maps and weights, to first order, in units of
 * 2⁻²⁴ · max|map| · max|weight|. `direct` is the same for a sum of products in the order of the definition.
 */
export function errorBound(name, at, channels) {
  const { v, u, y } = traced(name, at);
  const size = ({ exact }) => exact.reduce((total, value) => total + Math.abs(number(value)), 0);
  const error = (value) => value.error.reduce((total, part) => total + number(part), 0);
  const points = v.length;
  // With both dimensions, sizes multiply, and the error of each dimension is multiplied by the size of the other.
  const both = (one, q, p) => ({
    size: size(one[q]) * size(one[p]),
    error: size(one[q]) * error(one[p]) + error(one[q]) * size(one[p]),
  });
  const products = Array.from({ length: points }, (_, q) =>
    Array.from({ length: points }, (_, p) => {
      const [map, weight] = [both(v, q, p), both(u, q, p)];
      const term = map.size * weight.size;
      return {
        size: channels * term,
        error:
          channels * (map.size * weight.error + map.error * weight.size) + roundingOfSum(channels) * term,
      };
    }),
  );
  const through = (result, values) => ({
    size: values.reduce((total, value, p) => total + Math.abs(number(result.exact[p])) * value.size, 0),
    error: values.reduce(
      (total, value, p) =>
        total + Math.abs(number(result.exact[p])) * value.error + number(result.error[p]) * value.size,
      0,
    ),
  });
  const rows = products.map((row) => y.map((result) => through(result, row)));
  const results = y.flatMap((result) =>
    y.map((_, c) =>
      through(
        result,
        rows.map((row) => row[c]),
      ),
    ),
  );
  const direct = roundingOfSum(9 * channels);
  return { tiles: Math.max(...results.map((result) => result.error)), direct };
}

const single = (constant) => Math.fround(number(constant));
const inFloat32 = {
  sum: (x, y) => Math.fround(x + y),
  difference: (x, y) => Math.fround(x - y),
  product: (constant, x) => Math.fround(single(constant) * x),
  fused: (constant, x, y) => Math.fround(single(constant) * x + y),
};
const inFloat64 = {
  sum: (x, y) => x + y,
  difference: (x, y) => x - y,
  product: (constant, x) => number(constant) * x,
  fused: (constant, x, y) => number(constant) * x + y,
};

/** The same random numbers from -1/2 to 1/2 each time: a linear congruential generator. */
function randomNumbers() {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround(state / 2 ** 32 - 0.5);
  };
}

/** The rounding error on random maps and weights with `channels` channels, as a share of the results (root mean squares). */
export function measuredRounding(name, at, channels = 16, tiles = 20) {
  const { samples, taps, input, kernel, output } = algorithms[name];
  const draw = randomNumbers();
  const square = (side) => Array.from({ length: side }, () => Array.from({ length: side }, draw));
  const turned = (rows) => rows[0].map((_, c) => rows.map((row) => row[c]));
  const both = (rows, along) => turned(turned(rows.map(along)).map(along));
  let [squares, errors] = [0, 0];
  for (let tile = 0; tile < tiles; tile++) {
    const operands = Array.from({ length: channels }, () => [square(samples), square(taps)]);
    const [rough, fine] = [inFloat32, inFloat64].map((by) => {
      const at2 = operands.map(([map, weight]) => [
        both(map, (row) => input(by, at, row)),
        both(weight, (row) => kernel(by, at, row)),
      ]);
      const add = by === inFloat32 ? (x, y, z) => Math.fround(x * y + z) : (x, y, z) => x * y + z;
      const products = at2[0][0].map((row, q) =>
        row.map((_, p) => at2.reduce((total, [v, u]) => add(v[q][p], u[q][p], total), 0)),
      );
      return both(products, (row) => output(by, at, row)).flat();
    });
    for (const [i, value] of fine.entries()) {
      squares += value ** 2;
      errors += (rough[i] - value) ** 2;
    }
  }
  return Math.sqrt(errors / squares);
}

/** All pairs 0 < a < b ≤ 2 in sixteenths, sorted by their measured rounding error. */
export function rankedPoints(name) {
  const sixteenths = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => fraction(from + i, 16));
  return sixteenths(4, 24)
    .flatMap((a) => sixteenths(16, 32).map((b) => [a, b]))
    .filter(([a, b]) => number(a) < number(b))
    .map(([a, b]) => ({ a, b, rounding: measuredRounding(name, pointsOf(a, b)) }))
    .sort((x, y) => x.rounding - y.rounding);
}

const show = (value) => (value.d === 1n ? `${value.n}` : `${value.n}/${value.d}`);

/** The table that native/tile_algorithms.h shows, a line for each algorithm. */
export function boundTable() {
  return Object.entries(pointsInSource()).map(([name, at]) => {
    const bounds = [64, 256, 512].map((channels) => {
      const { tiles, direct } = errorBound(name, at, channels);
      return `${(tiles / direct).toFixed(1)}`;
    });
    return `${name.padEnd(12)} ${`0, ±${show(at.a)}, ±${show(at.b)}`.padEnd(18)} ${bounds.map((bound) => bound.padStart(6)).join(" ")}`;
  });
}

if (process.argv[1] === import.meta.filename) {
  const line = (text = "") => process.stdout.write(`${text}\n`);
  for (const [name, at] of Object.entries(pointsInSource())) {
    line(
      `${name}: points 0, ±${show(at.a)}, ±${show(at.b)}; scalings ${show(at.atZero)}, ${show(at.atA)}, ${show(at.atB)}`,
    );
    const wrong = wrongFactors(name, at);
    line(wrong.length === 0 ? "  exactly a convolution" : `  NO convolution: ${JSON.stringify(wrong)}`);
  }
  line("\nbound on the rounding error over that of the definition, for 64, 256 and 512 channels:");
  for (const row of boundTable()) line(row);
  for (const [name, at] of Object.entries(pointsInSource())) {
    const ranked = rankedPoints(name);
    const place = ranked.findIndex(({ a, b }) => number(a) === number(at.a) && number(b) === number(at.b));
    const best = ranked
      .slice(0, 3)
      .map(({ a, b, rounding }) => `±${show(a)}, ±${show(b)}: ${rounding.toExponential(2)}`);
    line(
      `\n${name} on random maps: ${measuredRounding(name, at).toExponential(2)}, place ${place + 1} of ${ranked.length} pairs in sixteenths`,
    );
    line(`  best: ${best.join("; ")}`);
  }
}
