// The pages on adding an attack, a network and a data format: their examples are whole files that work, and their lines fit the registries.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../scripts/places.mjs";
import type { AttackEntry } from "../../src/attacks/index.js";
import type { DataFormat, FoundData } from "../../src/data/index.js";
import type { ImageClassifier } from "../../src/nn/index.js";
import { crossEntropy, Generator, grad, noGrad, rand, scope, tensor } from "../../src/tensor/index.js";
import { tinyClassifier } from "../attacks/models.js";
import { documentedProgram, markedBlock } from "../documented-program.js";

const folder = join(packageRoot, "build", `documented-${process.pid}`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lineOf = (page: string, mark: string) => markedBlock(page, mark).lines.join("\n").trim();
const source = (path: string) => readFileSync(join(packageRoot, path), "utf8");

describe("docs/adding-an-attack.md", () => {
  const page = "docs/adding-an-attack.md";

  it("shows an attack that finds examples in its ball", async () => {
    const program = await documentedProgram(markedBlock(page, "attack"), "src/attacks", folder);
    const { randomPointsEntry: entry } = program as { randomPointsEntry: AttackEntry };
    const images = rand([16, 3, 6, 6], new Generator(1));
    const model = tinyClassifier(2);
    const labels = model.logits(images).argmax(1);
    const standing = (epsilon: number, restarts: number) => {
      const { attack } = entry.create("random-points", { epsilon, restarts });
      const found = attack.perturb(model, images, labels, new Generator(3));
      expect(found.sub(images).abs().amax().item()).toBeLessThanOrEqual(epsilon + 1e-6);
      return model.logits(found).argmax(1).eq(labels).sum().item();
    };
    expect(standing(0.5, 20)).toBeLessThan(standing(0.5, 1));
    expect(standing(0.001, 1)).toBe(16);
    expect(entry.create("random-points", {}).constants).toMatchObject({
      algorithm: "random-points",
      restarts: 10,
    });
    expect(() => entry.create("random-points", { restarts: 0 })).toThrow(/a whole number of at least 1/);
    expect(() => entry.create("random-points", { norm: "l2" })).toThrow('must be linf, got "l2"');
  });

  it("its line is the registry's with one name more", () => {
    const line = lineOf(page, "attack line");
    expect(source("src/attacks/attack-names.ts")).toContain(line.replace(", randomPointsEntry", ""));
  });
});

describe("docs/adding-a-network.md", () => {
  const page = "docs/adding-a-network.md";

  it("shows a network that learns, with named layers", async () => {
    const program = await documentedProgram(markedBlock(page, "network"), "src/nn/networks", folder);
    const { TwoLayers } = program as {
      TwoLayers: new (classes: number, generator: Generator) => ImageClassifier;
    };
    const model = new TwoLayers(3, new Generator(1));
    const named = model.namedParameters();
    expect([...named.keys()]).toEqual(["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]);
    const images = rand([12, 3, 32, 32], new Generator(2));
    const labels = tensor(
      Array.from({ length: 12 }, (_, i) => i % 3),
      { dtype: "int64" },
    );
    const step = () =>
      scope(() => {
        const loss = crossEntropy(model.logits(images), labels);
        const parameters = [...named.values()];
        const gradients = grad(loss, parameters);
        noGrad(() => {
          for (const [i, parameter] of parameters.entries()) parameter.addScaled_(gradients[i]!, -0.02);
        });
        return loss.item();
      });
    const losses = Array.from({ length: 30 }, step);
    expect(losses.at(-1)!).toBeLessThan(0.8 * losses[0]!);
  });

  it("its line has the form of the table's", () => {
    const line = lineOf(page, "network line");
    const known =
      "smallcnn: ({ classes, generator, classifier }) => new SmallCnn(classes, generator, classifier),";
    expect(source("src/nn/networks/models.ts")).toContain(known);
    expect(line).toBe(known.replace("smallcnn", '"two-layers"').replace("SmallCnn", "TwoLayers"));
  });
});

describe("docs/adding-a-data-format.md", () => {
  const page = "docs/adding-a-data-format.md";

  it("shows a form that is recognised, read, and refused where it is cut off", async () => {
    const program = await documentedProgram(markedBlock(page, "format"), "src/data/formats", folder);
    const { idxFormat } = program as { idxFormat: DataFormat<FoundData> };
    const data = join(folder, "mnist");
    mkdirSync(data, { recursive: true });
    expect(await idxFormat.inFolder?.(data)).toBeUndefined();
    const head = (...numbers: number[]) => {
      const bytes = Buffer.alloc(4 * numbers.length);
      for (const [i, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 * i);
      return bytes;
    };
    const write = (part: string, labels: number[]) => {
      const pixels = Buffer.from(labels.flatMap((label) => [label, 10, 20, 30, 40, 50]));
      writeFileSync(
        join(data, `${part}-images-idx3-ubyte`),
        Buffer.concat([head(0x803, labels.length, 2, 3), pixels]),
      );
      writeFileSync(
        join(data, `${part}-labels-idx1-ubyte`),
        Buffer.concat([head(0x801, labels.length), Buffer.from(labels)]),
      );
    };
    write("train", [7, 3, 9]);
    write("t10k", [1]);
    const finding = await idxFormat.inFolder?.(data);
    expect(finding).toEqual({ source: { form: "idx", path: data }, certain: true });
    const { train, test, height, width, name } = await idxFormat.read(finding!.source, {});
    expect({ height, width, name }).toEqual({ height: 2, width: 3, name: "mnist" });
    expect([...train.labels]).toEqual([7, 3, 9]);
    expect(test.count).toBe(1);
    const image = [3, 10, 20, 30, 40, 50];
    expect([...train.images.slice(18, 36)]).toEqual([...image, ...image, ...image]);
    writeFileSync(join(data, "t10k-images-idx3-ubyte"), head(0x803, 5, 2, 3));
    await expect(async () => idxFormat.read(finding!.source, {})).rejects.toThrow(/is cut off/);
  });

  it("its line is the registry's with one name more", () => {
    const line = lineOf(page, "format line");
    expect(line).toContain("  idxFormat,\n  classFoldersFormat,");
    expect(source("src/data/formats/formats.ts")).toContain(line.replace("  idxFormat,\n", ""));
  });
});
