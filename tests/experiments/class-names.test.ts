// Classes are matched by name wherever a model meets images: the same names in another order are mapped, others refused.
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDataset, type ImageSplit, loadDataset, writePacked } from "../../src/data/index.js";
import { matchClasses } from "../../src/experiments/class-names.js";
import {
  auditModel,
  evaluateRun,
  evaluateWeights,
  readClassNames,
  resumeExperiment,
} from "../../src/experiments/index.js";
import { decodeSafetensors, encodeSafetensors } from "../../src/training/index.js";
import { TinyExperiments } from "./tiny-experiment.js";

let place: TinyExperiments;
let run: string;
let names: readonly string[];
const at = (name: string) => join(place.folder, name);
const source = (file: string) => `data.source=${JSON.stringify(file)}`;

beforeAll(async () => {
  place = new TinyExperiments();
  run = await place.train("tiny");
  // All test images are classified correctly, so that any mistake in the classes costs accuracy.
  await place.agreeWith(run);
  const dataset = await loadDataset(place.data);
  names = dataset.classNames;
  const reversed = (split: ImageSplit) => ({
    ...split,
    labels: split.labels.map((id) => names.length - 1 - id),
  });
  const { train, test } = dataset;
  writePacked(
    at("reversed.reatpack"),
    createDataset({
      ...dataset,
      classNames: [...names].reverse(),
      ...{ train: reversed(train), test: reversed(test) },
    }),
  );
  writePacked(at("others.reatpack"), createDataset({ ...dataset, classNames: [...names.slice(1), "heron"] }));
  // Other training images than the run had: class sizes that are not those that the model learnt from.
  const few = { images: train.images.slice(0, 3 * 32 * 32), labels: train.labels.slice(0, 1), count: 1 };
  writePacked(at("few.reatpack"), createDataset({ ...dataset, train: few }));
}, 60_000);
afterAll(() => place.dispose());

describe("names", () => {
  const model = { names: ["ant", "bee", "cat"], of: "the run birds" };

  it("in the same order need nothing, in another order give the outputs, whichever way letters are composed", () => {
    expect(matchClasses(model, ["ant", "bee", "cat"], "it")).toBeNull();
    expect(matchClasses(model, ["cat", "ant", "bee"], "it")).toEqual([2, 0, 1]);
    expect(matchClasses({ ...model, names: ["caf\u00e9", "bee"] }, ["bee", "cafe\u0301"], "it")).toEqual([
      1, 0,
    ]);
  });

  it("that differ are refused with both lists", () => {
    expect(() => matchClasses(model, ["bee", "cat", "dog"], '"pets"')).toThrow(
      'The classes of "pets" are not those of the run birds: the run birds has 3 (ant, bee, cat), "pets" 3 (bee, cat, dog); only in the run birds: ant; only in "pets": dog.',
    );
    expect(() => matchClasses(model, ["ant", "bee"], '"pets"')).toThrow("only in the run birds: cat");
    expect(() => matchClasses(model, ["ant", "ant", "bee"], '"pets"')).toThrow("only in the run birds: cat");
  });

  it.each([
    ["ant\nbee\r\ncat\n\n", ["ant", "bee", "cat"]],
    ['\uFEFF["ant", "bee"]', ["ant", "bee"]],
    ['{"bee": 1, "ant": 0}', ["ant", "bee"]],
    ["ant\n\nbee\n", "one name per line"],
    ["ant\nbee\nant\n", 'names the class "ant" twice'],
    ['{"ant": 0, "bee": 2}', "holds no class names"],
    ["[1, 2]", "holds no class names"],
    ["", "holds no class names"],
  ])("are read from a file: %j", (text, expected) => {
    const file = at("names.txt");
    writeFileSync(file, text);
    if (typeof expected === "string") expect(() => readClassNames(file)).toThrow(expected);
    else expect(readClassNames(file)).toEqual(expected);
  });
});

describe("an evaluation of a run", () => {
  const settings = { attacks: ["pgd-1"], checkpoints: ["last" as const], images: null };

  it("maps the same names in another order", async () => {
    const { results, notes } = await evaluateRun(run, {
      ...settings,
      overrides: [source(at("reversed.reatpack"))],
    });
    expect(results[0]!.clean.accuracy).toBe(1);
    expect(notes).toEqual([
      'The classes of "synthetic" are in another order than those of the run tiny; they were matched by name.',
    ]);
  });

  it("refuses other names, and measures nothing", async () => {
    const before = readdirSync(join(run, "evaluations"));
    const refused = evaluateRun(run, { ...settings, overrides: [source(at("others.reatpack"))] });
    await expect(refused).rejects.toThrow(/only in the run tiny: \w+; only in "synthetic": heron/);
    expect(readdirSync(join(run, "evaluations"))).toEqual(before);
  });

  it("takes names that are given instead, one for each output", async () => {
    const classNames = [...names.slice(1), "heron"];
    const options = { ...settings, overrides: [source(at("others.reatpack"))] };
    const { results, notes } = await evaluateRun(run, { ...options, classNames });
    expect(notes).toEqual([]);
    expect(results[0]!.clean.accuracy).toBe(1);
    await expect(evaluateRun(run, { ...options, classNames: classNames.slice(1) })).rejects.toThrow(
      "9 class names were given, but the run tiny has 10 classes",
    );
  });

  it("has head, body and tail of the run's own training images, whatever the data hold now", async () => {
    const { results: own } = await evaluateRun(run, settings);
    const { results } = await evaluateRun(run, { ...settings, overrides: [source(at("few.reatpack"))] });
    expect(results[0]!.clean.groups).toEqual(own[0]!.clean.groups);
  });

  it("says so where the run does not tell its classes", async () => {
    const folder = at("unnamed/tiny");
    cpSync(run, folder, { recursive: true });
    const file = join(folder, "environment.json");
    const { data: _, ...rest } = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify(rest));
    const { notes } = await evaluateRun(folder, settings);
    expect(notes).toEqual([
      expect.stringMatching(
        /names of the classes are not known for the run tiny: .* in the data's order .*--class-names/,
      ),
    ]);
  });
});

it("a run is resumed with its own classes", async () => {
  const folder = at("resumed/tiny");
  cpSync(run, folder, { recursive: true, filter: (path) => !path.endsWith(".json") || path.includes("env") });
  cpSync(place.data, at("kept.reatpack"));
  cpSync(at("others.reatpack"), place.data);
  await expect(resumeExperiment(folder)).rejects.toThrow("only in the run tiny");
  cpSync(at("reversed.reatpack"), place.data);
  const { results } = await resumeExperiment(folder);
  cpSync(at("kept.reatpack"), place.data);
  expect(results[0]!.clean.correct).toBe(results[0]!.clean.total);
});

it("an audit matches classes by name, those of a surrogate too", async () => {
  const options = { checks: ["transfer"], images: 20 };
  const plain = await auditModel(run, { ...options, surrogate: run });
  const overrides = [source(at("reversed.reatpack"))];
  const mapped = await auditModel(run, { ...options, overrides, surrogate: run });
  expect(mapped.record.rows).toEqual(plain.record.rows);
  expect(mapped.record.clean).toBe(1);
  expect(mapped.notes[0]).toContain("matched by name");
  const others = auditModel(run, { ...options, overrides: [source(at("others.reatpack"))] });
  await expect(others).rejects.toThrow("only in the run tiny");
});

describe("weights from elsewhere", () => {
  const measure = (file: string, data: string, classNames?: readonly string[]) =>
    evaluateWeights(file, {
      ...{ architecture: "smallcnn", attacks: ["pgd-1"], overrides: [source(data), "threads=1"] },
      ...(classNames && { classNames }),
    });

  it("are matched by the names that a checkpoint of this project keeps", async () => {
    const checkpoint = join(run, "checkpoints", "last.safetensors");
    const { clean, weights } = await measure(checkpoint, at("reversed.reatpack"));
    expect(clean.accuracy).toBe(1);
    expect(weights.classNames).toEqual(names);
    expect(weights.notes.at(-1)).toContain("matched by name");
    await expect(measure(checkpoint, at("others.reatpack"))).rejects.toThrow("heron");
  });

  it("are matched by names that are given; without any that is said", async () => {
    const checkpoint = join(run, "checkpoints", "last.safetensors");
    const { tensors } = decodeSafetensors(readFileSync(checkpoint), checkpoint);
    const own = [...tensors].flatMap(([name, stored]) =>
      name.startsWith("model.") ? [[name.slice("model.".length), stored] as const] : [],
    );
    const file = at("plain.safetensors");
    writeFileSync(file, Buffer.concat(encodeSafetensors({ tensors: new Map(own), metadata: {} })));
    const named = await measure(file, at("reversed.reatpack"), names);
    expect(named.clean.accuracy).toBe(1);
    const unnamed = await measure(file, at("reversed.reatpack"));
    expect(unnamed.clean.accuracy).toBeLessThan(1);
    expect(unnamed.weights.notes.at(-1)).toContain("The names of the classes are not known");
    await expect(measure(file, at("others.reatpack"), names)).rejects.toThrow("only in");
  });
});
