// IDBH against the published code under Pillow: crop-shift, operations, erasing and whole pipelines, byte by byte (frontier.json).
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  applyIdbh,
  type IdbhDraws,
  type IdbhPlan,
  idbhErasing,
  planIdbh,
} from "../../src/data/augmentation/index.js";
import { scope, type Tensor, tensor } from "../../src/tensor/index.js";
import { testDevice } from "../test-device.js";
import { describeGolden, uniforms } from "./generator.js";

type Draw = readonly [kind: "rand" | "uniform" | "randint", ...numbers: number[]];
type ImageName = "noise32" | "smooth32" | "noise8";

interface Frontier {
  idbh: {
    images: { sha256: Record<ImageName, string> } & Record<ImageName, { seed: number; shape_hwc: number[] }>;
    crop_shift: {
      cases: {
        image: ImageName;
        strength: number;
        crop_x: number;
        crop_top_x: number;
        crop_top_y: number;
        shift_top_x: number;
        shift_top_y: number;
        sha256: string;
      }[];
    };
    operations: {
      cases: {
        image: ImageName;
        operation: string;
        draws: Draw[];
        strength_radians?: number;
        sha256: string;
      }[];
    };
    random_erasing: {
      cases: {
        version: string;
        draws: Draw[];
        erased: boolean;
        top: number;
        left: number;
        height: number;
        width: number;
      }[];
    };
    pipeline: { cases: { version: string; image: ImageName; draws: Draw[]; sha256_uint8_chw: string }[] };
  };
}

/** The operations in the order of the published table; a draw in the middle of an eighth chooses one. */
const order = ["color", "brightness", "contrast", "sharpness", "autocontrast", "equalize", "shear", "rotate"];

/** Gives the recorded numbers, and fails where another kind or range is asked for. */
function replay(draws: readonly Draw[]): IdbhDraws & { done(): void } {
  const left = [...draws];
  const next = (kind: Draw[0], ...range: number[]): number => {
    const [recorded, ...numbers] = left.shift() ?? ["none"];
    expect(recorded).toBe(kind);
    const value = numbers.pop()!;
    for (const [i, limit] of range.entries()) expect(limit).toBeCloseTo(numbers[i]!, 5);
    return value;
  };
  return {
    rand: () => next("rand"),
    randint: (low, high) => next("randint", low, high),
    uniform: (low, high) => next("uniform", low, high),
    done: () => expect(left).toEqual([]),
  };
}

const nothing: IdbhPlan = {
  ...{ mirrored: false, crop: { x: 0, y: 0 }, top: { x: 0, y: 0 }, to: { x: 0, y: 0 } },
  ...{ colour: null, shape: null, erased: null },
};

describeGolden<Frontier>("frontier.json", ({ idbh }) => {
  const formulas: Record<ImageName, (u: number, x: number, y: number, c: number) => number> = {
    noise32: (u) => Math.floor(256 * u),
    smooth32: (u, x, y, c) => Math.floor(25 + 2.5 * x + 2 * y + 12 * c + 40 * u),
    noise8: (u) => Math.floor(256 * u),
  };

  /** Bytes by row, column, channel. */
  function bytesOf(name: ImageName): Uint8Array {
    const { seed, shape_hwc } = idbh.images[name];
    const [, width] = shape_hwc as [number, number];
    const u = uniforms(
      seed,
      shape_hwc.reduce((a, b) => a * b, 1),
    );
    return Uint8Array.from(u, (value, i) =>
      formulas[name](value, Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3),
    );
  }

  const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

  it.each(["noise32", "smooth32", "noise8"] as const)("the image %s is the recorded one", (name) => {
    expect(sha(bytesOf(name))).toBe(idbh.images.sha256[name]);
  });

  /** Two images, so that a plan meets another one in its batch; the first one's bytes. */
  function applied(name: ImageName, plan: IdbhPlan, layout: "hwc" | "chw" = "hwc"): string {
    return scope(() => {
      const [height, width] = idbh.images[name].shape_hwc as [number, number];
      const image: Tensor = tensor(bytesOf(name), {
        shape: [1, height, width, 3],
        dtype: "uint8",
        device: testDevice,
      }).permute([0, 3, 1, 2]);
      const pair = image.repeat([2, 1, 1, 1]).contiguous();
      const result = applyIdbh(pair, [plan, { ...nothing, mirrored: true }]).slice(0, 0, 1);
      return sha(
        Uint8Array.from((layout === "hwc" ? result.permute([0, 2, 3, 1]) : result).contiguous().toArray()),
      );
    });
  }

  it.each(idbh.crop_shift.cases.map((one, i) => [i, one] as const))("crop-shift %i", (_i, one) => {
    const crop = { x: one.crop_x, y: one.strength - one.crop_x };
    const top = { x: one.crop_top_x, y: one.crop_top_y };
    const to = { x: crop.x - one.shift_top_x, y: crop.y - one.shift_top_y };
    expect(applied(one.image, { ...nothing, crop, top, to })).toBe(one.sha256);
  });

  const still: Draw[] = [
    ["rand", 0.9],
    ["randint", 0, 11, 0],
    ...new Array<Draw>(5).fill(["randint", 0, 1, 0]),
  ];
  const unerased: Draw = ["rand", 0.99];
  /** Some cases are of the version for SVHN, whose ranges are wider. */
  const ours = idbh.operations.cases.filter(
    ({ operation, strength_radians = 0, draws }) =>
      Math.abs(strength_radians) <= 0.15 + 1e-6 && (operation !== "rotate" || draws[0]![2] === 11),
  );

  it.each(ours.map((one, i) => [one.operation, i, one] as const))("%s, case %i", (name, _i, one) => {
    const choice: Draw = ["rand", (order.indexOf(name) + 0.5) / order.length];
    const draws = replay([...still, choice, ...one.draws, unerased]);
    const plan = planIdbh(draws, { height: 32, width: 32 }, 0.5);
    draws.done();
    expect(applied(one.image, plan)).toBe(one.sha256);
  });

  it.each(
    idbh.random_erasing.cases.filter(({ version }) => version !== "svhn").map((one, i) => [i, one] as const),
  )("erasing, case %i", (_i, { version, draws, erased, top, left, height, width }) => {
    const name = version.replace("cifar10-", "idbh-") as keyof typeof idbhErasing;
    const fed = replay([...still, ["rand", 0.6], ...draws]);
    const plan = planIdbh(fed, { height: 32, width: 32 }, idbhErasing[name]);
    fed.done();
    expect(plan.erased).toEqual(erased ? { top, left, height, width } : null);
  });

  describe("whole pipelines", () => {
    const known = idbh.pipeline.cases.filter(({ version }) => version !== "svhn");
    it.each(known.map((one, i) => [one.version, i, one] as const))("%s, case %i", (version, _i, one) => {
      const name = version.replace("cifar10-", "idbh-") as keyof typeof idbhErasing;
      const [height, width] = idbh.images[one.image].shape_hwc as [number, number];
      const fed = replay(one.draws);
      const plan = planIdbh(fed, { height, width }, idbhErasing[name]);
      fed.done();
      expect(applied(one.image, plan, "chw")).toBe(one.sha256_uint8_chw);
    });
  });
});
