// The documents on methods: the table is the registry's, the example of a method of one's own works as it is printed.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../scripts/places.mjs";
import { loadConfig, presetNames } from "../../src/experiments/index.js";
import {
  type MethodEntry,
  type MethodOptions,
  methodNames,
  methodSections,
  methods,
} from "../../src/methods/index.js";
import { Generator } from "../../src/tensor/index.js";
import { expectGenerated } from "../generated-page.js";
import { batchOf, classCounts, descend, TinyModel } from "./models.js";

const document = (name: string) => readFileSync(join(packageRoot, "docs", name), "utf8");

it("docs/methods.md says of each method what the registry says", () => {
  expectGenerated("methods.md", { methods: methodSections() });
});

it("every method has a preset of the common protocol and, where code was released, one of that", () => {
  for (const name of methodNames) {
    expect(loadConfig(`cifar10-lt-ur50-resnet18-${name}`).method.name).toBe(name);
    const { released } = methods[name] as MethodEntry<MethodOptions>;
    if (!released) continue;
    expect(presetNames()).toContain(released.preset);
    expect(loadConfig(released.preset).method.name).toBe(name);
  }
});

describe("docs/adding-a-method.md", () => {
  const text = document("adding-a-method.md");
  const [program, line] = [...text.matchAll(/```typescript\n([\s\S]*?)```/g)].map((match) => match[1]!) as [
    string,
    string,
  ];
  // In a folder that nothing else reads, with its imports led back to where the file would lie.
  const folder = join(packageRoot, "build", `documented-method-${process.pid}`);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("shows a method in under 40 lines that trains, with the modifiers around it", async () => {
    expect(program.trimEnd().split("\n").length).toBeLessThan(40);
    expect(line.trim()).toBe('"half-and-half": halfAndHalf,');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, "half-and-half.ts");
    const methodsFolder = join(packageRoot, "src", "methods");
    const led = program.replace(
      /from "(\.[^"]+)"/g,
      (_, path: string) => `from "${join(methodsFolder, path)}"`,
    );
    writeFileSync(file, led);
    const { halfAndHalf } = (await import(file)) as { halfAndHalf: MethodEntry<{ name: string }> };
    const parse = (given: object) => halfAndHalf.schema.parse({ name: "half-and-half", ...given });
    expect(parse({})).toMatchObject({ share: 0.5, attack: { steps: 10 } });
    expect(() => parse({ shore: 1 })).toThrow("shore");
    for (const modifiers of [{}, { classBudget: { warmUp: 0 }, weightPerturbation: {} }]) {
      const options = parse({ attack: { steps: 2 }, ...modifiers });
      const method = halfAndHalf.create(options, { classCounts, device: "cpu" });
      const context = { model: new TinyModel(1), generator: new Generator(3) };
      method.beginEpoch(1);
      const losses = Array.from({ length: 30 }, () => descend(method, batchOf(2), context));
      expect(losses.at(-1)!).toBeLessThan(0.9 * losses[0]!);
    }
  });
});
