// The device that tests compute on: the CPU, or what REAT_TEST_DEVICE names, such as cuda:0, in float32 without TF32.
import { readFileSync } from "node:fs";
import { describe } from "vitest";
import type { Module } from "../src/nn/index.js";
import { type Device, resolveDevice, setFloat32Precision } from "../src/tensor/index.js";

const named = process.env.REAT_TEST_DEVICE || undefined;

export const testDevice: Device = resolveDevice(named ?? "cpu");

/** Whether it is a GPU. */
export const onCuda = testDevice.startsWith("cuda");

/**
 * Whether convolutions add up in the order of the recorded runs, which used oneDNN's kernels for AVX-512. With those for AVX2, as on a GPU,
 * LibTorch's own convolutions round otherwise, and the path of a recorded attack may cross a kink of the network elsewhere.
 */
export const roundsAsRecorded = !onCuda && /\bavx512f\b/.test(readFileSync("/proc/cpuinfo", "utf8"));

// Tolerances are those of float32; LibTorch's own default lets a GPU's convolutions round to TF32.
if (onCuda) setFloat32Precision("highest");

/** Moves a network there. Networks are made on the CPU, so that every device begins with the same weights. */
export function onTestDevice<M extends Module>(network: M): M {
  if (onCuda) network.to(testDevice);
  return network;
}

/** Tests of a device beside the CPU; where REAT_TEST_DEVICE names none they are skipped, and their name says so. "cpu" runs them too. */
export function describeOnDevice(name: string, body: () => void): void {
  const skipped = named === undefined;
  describe.skipIf(skipped)(
    `${name} (${skipped ? "skipped: REAT_TEST_DEVICE names no device" : named})`,
    body,
  );
}

/** As `describeOnDevice`, for what the CPU does not have. */
export function describeOnCuda(name: string, body: () => void): void {
  const note = onCuda ? testDevice : "skipped: REAT_TEST_DEVICE names no CUDA device";
  describe.skipIf(!onCuda)(`${name} (${note})`, body);
}
