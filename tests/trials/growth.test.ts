// What the soak calls flat: no more tensors, no more kept memory, and of what a collector frees little more.
import { expect, it } from "vitest";
import { growthOf, type MemorySample } from "../../trials/soak/growth.js";

const steady = (round: number): MemorySample => ({
  ...{ round, liveTensors: 3, inUseBytes: 0, keptBytes: 2 ** 24 },
  ...{ residentBytes: 3e8 + (round % 3) * 1e6, heapBytes: 3e7, externalBytes: 1e6 },
});
const rounds = Array.from({ length: 40 }, (_, i) => steady(i));
const growing = (what: keyof MemorySample, by: number) =>
  growthOf(rounds.map((sample, i) => ({ ...sample, [what]: sample[what] + i * by })))
    .filter(({ flat }) => !flat)
    .map((growth) => growth.what);

it("what stays is flat, what is held at first may be less, and one more tensor in twenty rounds is not flat", () => {
  expect(growthOf(rounds).filter(({ flat }) => !flat)).toEqual([]);
  expect(
    growthOf(rounds.map((sample, i) => (i < 10 ? { ...sample, residentBytes: 1e8 } : sample))).every(
      ({ flat }) => flat,
    ),
  ).toBe(true);
  expect(growing("liveTensors", 0.05)).toEqual(["liveTensors"]);
  expect(growing("keptBytes", 1)).toEqual(["keptBytes"]);
  expect(growing("residentBytes", 1e6)).toEqual(["residentBytes"]);
  expect(growing("residentBytes", 1e4)).toEqual([]);
});
