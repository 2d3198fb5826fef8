// Weights that PyTorch wrote, read and run: the logits are PyTorch's. The fixtures' script lies beside them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { BasicBlock, ResNet, type ResNetDescription, resnet18, WideResNet } from "../../src/nn/index.js";
import { arange, Generator, noGrad, scope, setThreads } from "../../src/tensor/index.js";
import { encodeSafetensors, restoreTensor, storeTensor } from "../../src/training/index.js";
import { loadWeightsFile, readWeightsFile, translate } from "../../src/weights/index.js";

setThreads(1);
const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const recorded = JSON.parse(readFileSync(fixture("fixtures.json"), "utf8")) as {
  images: number[];
  files: Record<string, number[][]>;
  wide: string[];
};
const folder = mkdtempSync(join(tmpdir(), "reat-weights-"));
afterAll(() => rmSync(folder, { recursive: true }));

const tiny: ResNetDescription = {
  ...resnet18,
  architecture: "tiny-resnet",
  block: BasicBlock,
  stemWidth: 4,
  stages: [
    { width: 4, blocks: 1, stride: 1 },
    { width: 6, blocks: 1, stride: 2 },
  ],
};
const network = (classes = 3) => new ResNet(tiny, classes, new Generator(1));

function logitsOf(model: ResNet): number[][] {
  return scope(() => {
    const size = recorded.images.reduce((product, side) => product * side, 1);
    const images = arange(0, size, 1, { dtype: "float32" })
      .div(size - 1)
      .reshape(recorded.images);
    const logits = noGrad(() => model.withMode("eval", () => model.logits(images)));
    return [0, 1].map((image) => logits.select(0, image).toArray());
  });
}

describe("state dicts that torch.save wrote", () => {
  it.each(Object.keys(recorded.files))("%s gives PyTorch's logits", async (name) => {
    const model = network();
    loadWeightsFile(await readWeightsFile(fixture(name)), model);
    for (const [image, row] of logitsOf(model).entries()) {
      for (const [k, value] of row.entries()) expect(value).toBeCloseTo(recorded.files[name]![image]![k]!, 4);
    }
    model.dispose();
  });

  it("tells where the state was and what was done to its names", async () => {
    const weights = await readWeightsFile(fixture("parallel.pt"));
    expect(weights).toMatchObject({
      format: "torch.save",
      notes: ['The state was found under "state_dict".'],
    });
    const model = network();
    expect(loadWeightsFile(weights, model)).toEqual([
      'The prefix "module." was taken from all names.',
      "32 names were translated from another layout.",
    ]);
    model.dispose();
  });

  it.each([
    ["conv1.weight", Number.NaN, "conv1.weight in .* holds NaN"],
    ["layer2.0.conv1.weight", Number.POSITIVE_INFINITY, "layer2.0.conv1.weight in .* holds infinity"],
    ["bn1.running_var", -1, "bn1.running_var in .* holds a variance of -1"],
    ["bn1.running_mean", -1, null],
  ])("a %s of %f is told by the file's name", async (name, value, message) => {
    const { state } = await readWeightsFile(fixture("torchvision.pth"));
    const tensors = new Map(state);
    scope(() => {
      const spoiled = restoreTensor(state.get(name)!).clone();
      noGrad(() => spoiled.flatten().slice(0, 1, 2).fill_(value));
      tensors.set(name, storeTensor(spoiled));
    });
    const file = join(folder, "spoiled.safetensors");
    writeFileSync(file, Buffer.concat(encodeSafetensors({ tensors, metadata: {} })));
    if (message === null) expect((await readWeightsFile(file)).state.size).toBe(state.size);
    else await expect(readWeightsFile(file)).rejects.toThrow(new RegExp(message));
  });

  it("calls tensors that do not fit or are missing by the file's names, behind wrappers too", async () => {
    const read = await readWeightsFile(fixture("torchvision.pth"));
    const lacking = new Map([...read.state].filter(([name]) => name !== "layer1.0.bn2.running_mean"));
    const conv = lacking.get("layer2.0.conv1.weight")!;
    lacking.set("layer2.0.conv1.weight", { ...conv, shape: [...conv.shape].reverse() });
    const model = network();
    const load = (state: typeof read.state) => () => loadWeightsFile({ ...read, state }, model);
    expect(load(lacking)).toThrow(/missing layer1\.0\.bn2\.running_mean; layer2\.0\.conv1\.weight is \[/);
    const wrapped = new Map([...lacking].map(([name, value]) => [`module.${name}`, value]));
    expect(load(wrapped)).toThrow(/missing module\.layer1\.0\.bn2\.running_mean; module\.layer2\.0\.conv1/);
    model.dispose();
  });

  it("a folder is told as one", async () => {
    await expect(readWeightsFile(folder)).rejects.toThrow(/cannot be read: it is a folder\.$/);
  });

  it("names the tensors that do not fit, with both shapes, and changes nothing", async () => {
    const weights = await readWeightsFile(fixture("torchvision.pth"));
    const model = network(5);
    const before = model.stateDict().get("fc.bias")!.toArray();
    expect(() => loadWeightsFile(weights, model)).toThrow(
      /torchvision\.pth is not a tiny-resnet with 5 classes\. The state does not fit this network: fc\.weight is \[3,6\] where \[5,6\] is needed, fc\.bias is \[3\] where \[5\] is needed\.$/,
    );
    expect(model.stateDict().get("fc.bias")!.toArray()).toEqual(before);
    model.dispose();
  });

  it("refuses whole modules by the name of their class, without running anything", async () => {
    await expect(readWeightsFile(fixture("whole-module.pth"))).rejects.toThrow(
      "it wants to call __main__.TinyResNet, which is refused; only tensors in plain dictionaries are read",
    );
  });

  it("says what a file without a state dict holds", async () => {
    await expect(readWeightsFile(fixture("no-state.pth"))).rejects.toThrow(
      /no-state\.pth holds a dictionary with epoch, lr; a state dict is needed, plain or under state_dict, model_state_dict, model, net\.$/,
    );
  });

  it.each(["kuangliu.pth", "older.pkl"])("says so when %s is cut off", async (name) => {
    const bytes = readFileSync(fixture(name));
    for (const length of [5, 300, 4000, bytes.length - 60, bytes.length - 1]) {
      const cut = join(folder, `cut-${length}-${name}`);
      writeFileSync(cut, bytes.subarray(0, length));
      await expect(readWeightsFile(cut), `${length} bytes`).rejects.toThrow(
        /cut off|damaged|ends in the middle|lies outside|no file of weights/,
      );
    }
  });

  it("notices a changed weight by the archive's checksum", async () => {
    const bytes = Buffer.from(readFileSync(fixture("kuangliu.pth")));
    const weight = (await readWeightsFile(fixture("kuangliu.pth"))).state.get("conv1.weight")!;
    const at = bytes.indexOf(weight.bytes);
    bytes[at] = bytes[at]! ^ 1;
    const file = join(folder, "flipped.pth");
    writeFileSync(file, bytes);
    await expect(readWeightsFile(file)).rejects.toThrow(/entry kuangliu\/data\/\d+ is damaged/);
  });
});

it("reads plain safetensors, and refuses what is neither", async () => {
  const source = network();
  const tensors = new Map([...source.stateDict()].map(([name, value]) => [name, storeTensor(value)]));
  const file = join(folder, "plain.safetensors");
  writeFileSync(file, Buffer.concat(encodeSafetensors({ tensors, metadata: {} })));
  const model = new ResNet(tiny, 3, new Generator(9));
  expect(logitsOf(model)).not.toEqual(logitsOf(source));
  expect(loadWeightsFile(await readWeightsFile(file), model)).toEqual([]);
  expect(logitsOf(model)).toEqual(logitsOf(source));
  const text = join(folder, "weights.pth");
  writeFileSync(text, "not weights at all");
  await expect(readWeightsFile(text)).rejects.toThrow(
    "is no file of weights that is read: accepted are state dicts written by torch.save (.pt, .pth, .pkl) and safetensors.",
  );
  await expect(readWeightsFile(join(folder, "nowhere.pt"))).rejects.toThrow("there is no such file");
});

describe("layouts", () => {
  const value = { dtype: "float32" as const, shape: [1], bytes: new Uint8Array(4) };

  it("WideResNets of TRADES: same names, a prefix, and a block that is never run", () => {
    const model = new WideResNet({ architecture: "wrn", depth: 10, widen: 2 }, 3, new Generator(1));
    const own = new Set(model.stateDict().keys());
    model.dispose();
    const { state, notes } = translate(new Map(recorded.wide.map((name) => [name, value])), own);
    expect([...state.keys()].filter((name) => !own.has(name))).toEqual([]);
    const inBlock1 = (names: Iterable<string>) =>
      [...names].filter((name) => name.startsWith("block1.")).sort();
    expect(inBlock1(state.keys())).toEqual(inBlock1(own));
    expect(notes.at(-1)).toBe("13 tensors of sub_block1, which the network never runs, were left out.");
  });

  it("weiaicunzai's stages that are counted with the stem, and states from before num_batches_tracked", () => {
    const model = network();
    const own = new Set(model.stateDict().keys());
    model.dispose();
    const foreign = [...own]
      .filter((name) => !name.endsWith("num_batches_tracked"))
      .map((name) => [name.replace(/^layer(\d)/, (_, n) => `conv${Number(n) + 1}_x`), value] as const);
    expect(foreign[5]![0]).toBe("conv2_x.0.residual_function.0.weight");
    expect(new Set(translate(new Map(foreign), own).state.keys())).toEqual(own);
  });
});
