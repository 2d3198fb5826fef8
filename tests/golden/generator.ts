// The inputs of the reference numbers: their folder, their counter-based generator, their rule for filling a network.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type DType, noGrad, type Tensor, tensor } from "../../src/tensor/index.js";
import { testDevice } from "../test-device.js";

const folder = process.env.REAT_GOLDEN ?? fileURLToPath(new URL("data", import.meta.url));

/** Where a file of reference numbers is looked for. */
export function goldenPath(name: string): string {
  return join(folder, name);
}

/** A group of tests on one file of reference numbers; where it is absent, one test fails and says what was looked for. */
export function describeGoldenFile(name: string, body: (path: string) => void): void {
  const path = goldenPath(name);
  describe(name, () => {
    if (existsSync(path)) body(path);
    else it("is there", () => expect.fail(`There is no ${path} (REAT_GOLDEN names the folder).`));
  });
}

/** As `describeGoldenFile`, with the parsed JSON. */
export function describeGolden<T>(name: string, body: (golden: T) => void): void {
  describeGoldenFile(name, (path) => body(JSON.parse(readFileSync(path, "utf8")) as T));
}

/** Elements 0 … count−1 of the stream with this seed: mulberry32 in counter form, uniform in [0, 1). */
export function uniforms(seed: number, count: number): Float64Array {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let t = (seed + Math.imul(0x6d2b79f5, i + 1)) | 0;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    values[i] = ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  return values;
}

/** A stream through a formula that is evaluated in float64; the result is rounded once to float32. */
function rounded(seed: number, shape: readonly number[], formula: (u: number) => number): Tensor {
  const u = uniforms(seed, sizeOf(shape));
  const values = new Float32Array(u.length);
  for (let i = 0; i < u.length; i++) values[i] = formula(u[i]!);
  return tensor(values, { shape, device: testDevice });
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** An input as the files describe it. */
export interface InputDescription {
  readonly seed: number;
  readonly shape: readonly number[];
  /** In the uniform number u; absent: u itself. */
  readonly formula?: string;
}

/** The formulas that occur, such as "4*(2u-1)", "2u-1" and "2u"; some say that they are rounded to float32, as all are. */
function parseFormula(description: string): (u: number) => number {
  const text = description.replace(/, cast to float32$/, "");
  const centred = /^(?:([\d.]+)\*)?\(?2u-1\)?$/.exec(text);
  if (centred) return (u) => Number(centred[1] ?? 1) * (2 * u - 1);
  const scaled = /^([\d.]*)u$/.exec(text);
  if (scaled) return (u) => Number(scaled[1] || 1) * u;
  throw new Error(`unknown formula "${description}" in the reference numbers`);
}

/** An input, evaluated in float64 and rounded once to float32; `dtype` float64 holds the rounded values exactly. */
export function goldenInput(
  { seed, shape, formula = "u" }: InputDescription,
  dtype: DType = "float32",
): Tensor {
  return rounded(seed, shape, parseFormula(formula)).to(dtype);
}

/** Labels as the files print them, int64. */
export function goldenLabels({ values }: { readonly values: readonly number[] }): Tensor {
  return tensor(values, { dtype: "int64", device: testDevice });
}

/** How a network is filled. */
export interface FillDescription {
  readonly base: number;
  readonly stride: number;
  /** Factor of all entries of two or more dimensions. */
  readonly "dim>=2 scale": number;
}

/** Overwrites a state dict with the reference fill, entry by entry. */
export function fillModel(state: ReadonlyMap<string, Tensor>, fill: FillDescription): void {
  const entries = [...state].filter(([name]) => !name.endsWith("num_batches_tracked"));
  noGrad(() => {
    for (const [k, [name, entry]] of entries.entries()) {
      const rule = fillRule(name, entry.shape, fill["dim>=2 scale"]);
      using values = rounded(fill.base + fill.stride * k, entry.shape, rule);
      entry.copy_(values);
    }
  });
}

function fillRule(name: string, shape: readonly number[], scale: number): (u: number) => number {
  if (shape.length >= 2) {
    const bound = Math.sqrt(6 / sizeOf(shape.slice(1)));
    return (u) => scale * (2 * u - 1) * bound;
  }
  if (name.endsWith("running_var")) return (u) => 0.5 + u;
  if (name.endsWith("running_mean")) return (u) => 0.2 * (u - 0.5);
  return name.endsWith("weight") ? (u) => 0.5 + u : (u) => 0.2 * (u - 0.5);
}

/** The files' measure of an array: the largest absolute difference over the largest magnitude of the reference. */
export function relativeError(actual: readonly number[], reference: readonly number[]): number {
  expect(actual.length).toBe(reference.length);
  const difference = Math.max(...reference.map((value, i) => Math.abs(value - actual[i]!)));
  const magnitude = Math.max(...reference.map(Math.abs));
  return difference === 0 ? 0 : difference / magnitude;
}

/** Expects numbers within a tolerance of the files. NaN is never within it. */
export function expectWithin(
  actual: number | readonly number[],
  reference: number | readonly number[],
  tolerance: number,
  what: string,
): void {
  const list = (value: number | readonly number[]) => (typeof value === "number" ? [value] : value);
  expect(relativeError(list(actual), list(reference)), what).toBeLessThanOrEqual(tolerance);
}
