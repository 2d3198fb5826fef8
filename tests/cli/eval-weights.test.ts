// `reat eval` on weights from elsewhere: the figures, the record, and what is said where something is missing.
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildModel } from "../../src/nn/index.js";
import { Generator } from "../../src/tensor/index.js";
import { encodeSafetensors, storeTensor } from "../../src/training/index.js";
import { ScratchFolder } from "./command-line.js";

let place: ScratchFolder;
beforeAll(() => {
  place = new ScratchFolder();
  const model = buildModel("smallcnn", { classes: 10, generator: new Generator(1) });
  const tensors = new Map([...model.stateDict()].map(([name, t]) => [`module.${name}`, storeTensor(t)]));
  writeFileSync(place.path("cnn.safetensors"), Buffer.concat(encodeSafetensors({ tensors, metadata: {} })));
});
afterAll(() => place.dispose());

const measured = ["eval", "cnn.safetensors", "--threads", "1", "--attack", "pgd-1"];
const measure = (...more: string[]) => place.reat([...measured, ...more]);
const known = ["--architecture", "smallcnn", "--data", "tiny.reatpack"];

describe("reat eval of weights", () => {
  it("prints the table, writes the record", async () => {
    const { code, stdout, stderr } = await measure(...known, "--classes", "10", "--out", "cnn.json");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(
        /^The prefix "module\." was taken from all names\.\nThe names of the classes are not known for cnn\.safetensors: [^\n]+\nresults: cnn\.json\n$/,
      ),
    });
    expect(stdout).toMatch(/^clean( +[\d.]+){5}$/m);
    expect(stdout).toMatch(/^pgd-1( +[\d.]+){5}$/m);
    expect(stdout).toContain("on 60 test images of synthetic, l∞ budget 8/255. These images are synthetic");
    const result = JSON.parse(readFileSync(place.path("cnn.json"), "utf8"));
    expect(result).toMatchObject({
      weights: { file: "cnn.safetensors", format: "safetensors", architecture: "smallcnn", classes: 10 },
      dataset: "synthetic",
      clean: { total: 60 },
      attacks: [{ name: "pgd-1", constants: { steps: 1, norm: "linf" }, robust: { total: 60 } }],
    });
    expect(result.weights.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(result.attacks[0].robust.correct).toBeLessThanOrEqual(result.clean.correct);
  });

  it("normalises where it is told to, which changes what is predicted", async () => {
    const plain = JSON.parse((await measure(...known, "--json")).stdout);
    const args = [...known, "--json", "--mean", "0.9,0.1,0.5", "--std", "0.01,0.02,0.03"];
    const normalised = JSON.parse((await measure(...args)).stdout);
    expect(normalised.weights.normalisation).toEqual({
      mean: [0.9, 0.1, 0.5],
      deviation: [0.01, 0.02, 0.03],
    });
    expect(normalised.clean.predicted).not.toEqual(plain.clean.predicted);
  });

  it.each([
    [[], 2, "weights from elsewhere need --architecture"],
    [
      ["--architecture", "smallcnn"],
      2,
      "Weights from elsewhere need --architecture with the network they are of, and --data",
    ],
    [[...known, "--classes", "100"], 2, '100 classes were named, but "synthetic" has 10;'],
    [[...known, "--mean", "0,0,0"], 2, "--mean and --std go together; one of them was given."],
    [
      [...known, "--mean", "0,0,0", "--std", "1,0,1"],
      2,
      "a standard deviation above 0 for red, green and blue",
    ],
    [["--classes", "10"], 2, "--classes is for weights from elsewhere, which need --architecture."],
    [
      ["--architecture", "small-resnet", "--data", "tiny.reatpack"],
      1,
      "cnn.safetensors is not a small-resnet with 10 classes. The state does not fit this network: missing conv1.1.weight, conv1.1.bias",
    ],
  ])("%j ends with %i", async (args, code, message) => {
    const ended = await place.call([...measured, ...args]);
    expect(ended.stderr).toContain(message);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: "" });
  });
});
