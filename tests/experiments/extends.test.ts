// `extends`: what a configuration takes of another, and what is said where that cannot be.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { packageRoot } from "../../scripts/places.mjs";
import { experimentJsonSchema, loadConfig, presetFile, presetNames } from "../../src/experiments/index.js";
import { methodNames } from "../../src/methods/index.js";

let folder: string;
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "reat-extends-"));
  mkdirSync(join(folder, "below"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("extends", () => {
  it("takes the keys of a preset, those beside it over them, lists as a whole", () => {
    const own = loadConfig(
      file(
        "own.yaml",
        "extends: quickstart-reat\nname: mine\ntraining: { epochs: 4, milestones: [2] }\nmethod: { tail: { enabled: false } }\n",
      ),
    );
    const preset = loadConfig("quickstart-reat");
    expect(own).toMatchObject({ name: "mine", data: preset.data, model: preset.model });
    expect(own.training).toEqual({ ...preset.training, epochs: 4, milestones: [2] });
    expect(own.method).toMatchObject({ name: "reat", attack: { steps: 3 }, tail: { enabled: false } });
  });

  it("takes a file by its path from the file that names it, over several steps", () => {
    file("below/first.yaml", "seeds: { order: 7 }\ntraining: { epochs: 5, milestones: [] }\n");
    file("below/second.yaml", "extends: ./first.yaml\ntraining: { batchSize: 32 }\n");
    const third = file("third.yaml", "extends: below/second.yaml\ntraining: { epochs: 6 }\n");
    expect(loadConfig(third)).toMatchObject({ seeds: { order: 7 }, training: { epochs: 6, batchSize: 32 } });
  });

  it("a method of another name replaces the extended one with all its keys", () => {
    const { method } = loadConfig(file("other.yaml", "extends: released-robal\nmethod: { name: trades }\n"));
    expect(method).toMatchObject({ name: "trades", attack: { epsilon: 8 / 255 } });
    expect(method).not.toHaveProperty("margin");
  });

  it("ignores $schema, which is for editors", () => {
    const path = file(
      "schema.yaml",
      "$schema: ./experiment.schema.json\ntraining: { epochs: 1, milestones: [] }\n",
    );
    expect(loadConfig(path).training.epochs).toBe(1);
  });

  it("says what is wrong", () => {
    const circle = file("a.yaml", "extends: ./b.yaml\n");
    file("b.yaml", "extends: ./a.yaml\n");
    expect(() => loadConfig(circle)).toThrow(
      /^extends goes in a circle: .*a\.yaml → .*b\.yaml → .*a\.yaml\.$/,
    );
    expect(() => loadConfig(file("c.yaml", "extends: quickstart-reta\n"))).toThrow(
      /did you mean "quickstart-reat"/,
    );
    expect(() => loadConfig(file("d.yaml", "extends: [a]\n"))).toThrow(
      /accepted: the name of a preset or the path/,
    );
  });
});

describe("presets", () => {
  it("of one data set share a base, and no key repeats what is extended", () => {
    for (const name of presetNames()) {
      const { extends: base, ...own } = parse(readFileSync(presetFile(name), "utf8")) as Record<
        string,
        unknown
      >;
      if (base === undefined) continue;
      const below = loadConfig(
        String(base).includes("/") ? join(presetFile(name), "..", String(base)) : String(base),
      );
      for (const [key, value] of Object.entries((own.training ?? {}) as Record<string, unknown>)) {
        expect(below.training[key as "epochs"], `${name}: training.${key}`).not.toEqual(value);
      }
    }
  });

  it("name the schema that editors complete them by, which is made from the program's", () => {
    const path = join(packageRoot, "configs", "experiment.schema.json");
    // UPDATE_DOCS=1 writes it anew.
    if (process.env.UPDATE_DOCS) writeFileSync(path, `${JSON.stringify(experimentJsonSchema(), null, 2)}\n`);
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(
      JSON.parse(JSON.stringify(experimentJsonSchema())),
    );
    for (const name of presetNames()) {
      expect(readFileSync(presetFile(name), "utf8"), name).toMatch(
        /^# yaml-language-server: \$schema=experiment\.schema\.json\n/,
      );
    }
  });

  it("the schema has the keys and the words of every section and every method", () => {
    const { properties } = experimentJsonSchema() as {
      properties: Record<
        string,
        { properties: Record<string, { description: string }>; anyOf: { title: string }[] }
      >;
    };
    expect(properties.training!.properties.select!.description).toMatch(
      /^which images choose.*accepted: test, validation, last$/,
    );
    expect(properties.method!.anyOf.map(({ title }) => title)).toEqual(methodNames);
    expect(JSON.stringify(properties)).not.toContain('"help"');
  });
});
