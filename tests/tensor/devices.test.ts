// Which device is taken, and the sentences for those that are not there.

import { describe, expect, it } from "vitest";
import { CudaGraph, resolveDevice, systemInfo } from "../../src/tensor/index.js";
import { needing } from "../skipped.js";

const without = { hasCuda: false, cudaDeviceCount: 0, cudaProblem: "" };
const two = { hasCuda: true, cudaDeviceCount: 2, cudaProblem: "" };
const old = {
  hasCuda: true,
  cudaDeviceCount: 0,
  cudaProblem: "The NVIDIA driver on your system is too old (found version 11040).",
};

describe("the device", () => {
  it.each([
    ["auto", without, "cpu"],
    ["auto", old, "cpu"],
    ["auto", two, "cuda:0"],
    ["cpu", two, "cpu"],
    ["cuda", two, "cuda:0"],
    ["cuda:1", two, "cuda:1"],
  ] as const)("%s of %j is %s", (wanted, facts, device) => {
    expect(resolveDevice(wanted, facts)).toBe(device);
  });

  it.each([
    [
      "cuda",
      without,
      "device cuda was asked for, but this LibTorch is built without CUDA; `npx reat setup --python",
    ],
    ["cuda:7", two, "device cuda:7 was asked for, but there are 2 CUDA devices: cuda:0, cuda:1"],
    ["cuda:1", { ...two, cudaDeviceCount: 1 }, "but there is 1 CUDA device: cuda:0"],
    [
      "cuda",
      old,
      "no CUDA device can be used (The NVIDIA driver on your system is too old (found version 11040));",
    ],
    ["cuda", { ...old, cudaProblem: "" }, "no CUDA device can be used; `npx reat doctor` tells more"],
  ] as const)("%s of %j is refused", (wanted, facts, sentence) => {
    expect(() => resolveDevice(wanted, facts)).toThrow(sentence);
    expect(() => resolveDevice(wanted, facts)).toThrow(expect.objectContaining({ code: "environment" }));
  });

  it.each(["gpu", "cuda:", "cuda:x", "CUDA", ""])("%j is no device", (wanted) => {
    expect(() => resolveDevice(wanted, two)).toThrow(
      `device must be auto, cpu, cuda or cuda:N, got "${wanted}"`,
    );
  });
});

const title = needing(!systemInfo().cudaGraphs, "CUDA graphs without CUDA", "this LibTorch has CUDA graphs");
describe.skipIf(systemInfo().cudaGraphs)(title, () => {
  it("are refused with what they need, before anything is run", () => {
    let runs = 0;
    expect(() => CudaGraph.capture("cuda:0", () => (runs += 1))).toThrow(
      "CUDA graphs need a LibTorch with CUDA and CUDA's headers when the addon is built",
    );
    expect(runs).toBe(0);
  });
});
