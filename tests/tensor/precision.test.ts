// Autocast on the CPU: logits stay close, gradients flow in float32, and nothing stays switched on.
import { afterEach, describe, expect, it } from "vitest";
import {
  autocast,
  conv2d,
  crossEntropy,
  Generator,
  grad,
  keep,
  linear,
  noGrad,
  rand,
  randn,
  setFloat32Precision,
  tensor,
  withoutAutocast,
} from "../../src/tensor/index.js";

const generator = new Generator(3);
const images = keep(rand([8, 3, 12, 12], generator));
const labels = keep(tensor(BigInt64Array.from([0, 1, 2, 3, 4, 0, 1, 2].map(BigInt))));
const filters = keep(randn([16, 3, 3, 3], generator).mul(0.2));
const weight = keep(randn([5, 16], generator).mul(0.5)).requiresGrad_();
filters.requiresGrad_();

const logits = () => linear(conv2d(images, filters, null, { padding: 1 }).relu().mean([2, 3]), weight, null);
const largest = (values: readonly number[]) => Math.max(...values.map(Math.abs));

describe("autocast to bfloat16", () => {
  it("computes in bfloat16, close to float32", () => {
    const [exact, short] = noGrad(() => [logits(), autocast("cpu", logits)]);
    expect(exact.dtype).toBe("float32");
    expect(short.dtype).toBe("bfloat16");
    const difference = largest(short.to("float32").sub(exact).toArray());
    // bfloat16 has 8 bits of mantissa: each of the two roundings of a factor is at most 2⁻⁹ of it.
    expect(difference).toBeGreaterThan(0);
    expect(difference).toBeLessThan(largest(exact.toArray()) * 2 ** -6);
  });

  it("gives float32 gradients to float32 weights, in the direction of the exact ones", () => {
    const gradients = (output: ReturnType<typeof logits>) =>
      grad(crossEntropy(output.to("float32"), labels), [filters, weight]);
    const [exact, short] = [gradients(logits()), gradients(autocast("cpu", logits))];
    for (const [index, gradient] of short.entries()) {
      expect(gradient.dtype).toBe("float32");
      const [a, b] = [exact[index]!, gradient];
      const cosine = a.mul(b).sum().item() / Math.sqrt(a.pow(2).sum().item() * b.pow(2).sum().item());
      expect(cosine).toBeGreaterThan(0.999);
    }
  });

  it("sees weights that were moved between two uses", () => {
    const own = keep(randn([5, 16], generator)).requiresGrad_();
    const features = rand([2, 16], generator);
    const short = () => autocast("cpu", () => linear(features, own, null)).to("float32");
    const before = short().toArray();
    noGrad(() => own.mul_(2));
    expect(short().toArray()).toEqual(before.map((value) => 2 * value));
  });

  it("ends with the function, also by an error, and can be left inside", () => {
    const dtype = () => noGrad(() => logits().dtype);
    expect(autocast("cpu", () => [dtype(), withoutAutocast("cpu", dtype), dtype()])).toEqual([
      "bfloat16",
      "float32",
      "bfloat16",
    ]);
    expect(() =>
      autocast("cpu", () => {
        throw new Error("within");
      }),
    ).toThrow("within");
    expect(dtype()).toBe("float32");
  });
});

describe("float32 precision", () => {
  afterEach(() => setFloat32Precision("highest"));

  it("leaves products in float32 as they are at its highest", () => {
    setFloat32Precision("high");
    setFloat32Precision("highest");
    const product = tensor([[1 + 2 ** -20]]).matmul(tensor([[1]]));
    expect(product.item()).toBe(1 + 2 ** -20);
  });

  it("refuses what it does not know", () => {
    expect(() => setFloat32Precision("low" as "high")).toThrow(
      "the float32 precision must be highest or high, got 'low'",
    );
  });
});
