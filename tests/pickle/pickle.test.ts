// The pickle reader against pickles that Python and NumPy wrote, and against what it must refuse.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ArrayConstructor, type Pickled, readPickle } from "../../src/pickle/index.js";

const recorded = JSON.parse(readFileSync(new URL("./numpy-pickles.json", import.meta.url), "utf8")) as Record<
  string,
  string
>;
const bytesOf = (name: string) => Buffer.from(recorded[name]!, "base64");

function plain(value: Pickled | undefined): unknown {
  if (value instanceof ArrayConstructor)
    return { shape: value.array!.shape, data: Array.from(value.array!.data) };
  return value;
}

function check(bytes: Uint8Array): void {
  const result = readPickle(bytes, "a test file") as Map<Pickled, Pickled>;
  const values = new Map(
    [...result].map(([key, value]) => [key instanceof Uint8Array ? Buffer.from(key).toString() : key, value]),
  );
  expect(plain(values.get("data"))).toEqual({ shape: [2, 3], data: [0, 1, 2, 3, 4, 5] });
  expect(values.get("labels")).toEqual([1, 300, -7, 70000, 2 ** 40]);
  expect(plain(values.get("arr"))).toEqual({ shape: [3], data: [1, -2, 3] });
  expect(plain(values.get("f"))).toEqual({ shape: [2, 3], data: [0, 1, 2, 3, 4, 5] });
  expect(values.get("t")).toEqual([null, true, 1.5]);
  expect(values.get("name")).toBe("café");
}

describe("readPickle", () => {
  it.each([0, 1, 2, 3, 4, 5])("reads what NumPy writes with protocol %i", (protocol) =>
    check(bytesOf(`p${protocol}`)),
  );

  it("knows the module names of NumPy 2", () => {
    check(Buffer.from(bytesOf("p2").toString("latin1").replaceAll("numpy.core.", "numpy._core."), "latin1"));
  });

  it("refuses every other callable by name, and runs nothing", () => {
    expect(() => readPickle(bytesOf("evil"), "evil.pkl")).toThrow(
      "evil.pkl cannot be read as a pickle: it wants to call posix.system, which is refused",
    );
  });

  it("says so when the file is cut off, at whatever byte", () => {
    const bytes = bytesOf("p2");
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readPickle(bytes.subarray(0, length), "a")).toThrow(/^a cannot be read as a pickle: /);
    }
  });

  it("names an opcode that it does not take", () => {
    expect(() => readPickle(Buffer.from("P1\n."), "a")).toThrow("opcode 0x50 at byte 0 is not accepted");
  });
});
