// Where onnxruntime-web is not installed, that is said with the two ways on.
import { expect, it, vi } from "vitest";
import { openOnnx } from "../../src/export/index.js";

vi.mock("onnxruntime-web", () => {
  throw new Error("Cannot find package 'onnxruntime-web'");
});

it("names the package and the option", async () => {
  await expect(openOnnx(new Uint8Array())).rejects.toThrow(
    /^onnxruntime-web is not installed, .*: npm install onnxruntime-web, or leave the comparison out with --no-parity\.$/,
  );
});
