// What a configuration takes, what it fills in, and what it says about what it does not take.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { packageRoot } from "../../scripts/places.mjs";
import { ReatError } from "../../src/errors.js";
import {
  configToYaml,
  type ExperimentConfig,
  loadConfig,
  parseConfig,
} from "../../src/experiments/config/config.js";
import { presetFile, presetNames } from "../../src/experiments/config/presets.js";
import { methodNames, type RobalOptions, robalOptions, robalVariants } from "../../src/methods/index.js";

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(ReatError);
    expect((error as ReatError).code).toMatch(/^(config|usage)$/);
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
}

function attackOf({ method }: ExperimentConfig): object {
  if (!("attack" in method)) throw new Error(`${method.name} makes no examples`);
  return method.attack;
}

describe("parseConfig", () => {
  it("fills in the paper's protocol", () => {
    const config = parseConfig({ data: { source: "cifar10" } });
    expect(config.name).toBe("cifar10-resnet18-reat");
    expect(config.data.subset).toEqual({
      profile: "exponential",
      imbalance: 50,
      maxPerClass: null,
      selection: "shuffled",
    });
    expect(config.method).toMatchObject({
      name: "reat",
      loss: "bsl",
      attack: { norm: "linf", epsilon: 8 / 255, stepSize: 2 / 255, steps: 10, start: "uniform" },
    });
    expect(config.training).toMatchObject({
      epochs: 80,
      batchSize: 128,
      learningRate: 0.1,
      milestones: [60, 75],
      factor: 0.1,
      momentum: 0.9,
      weightDecay: 5e-4,
      select: "test",
    });
    expect(config.seeds).toEqual({ subset: 0, initialisation: 1, order: 2, attack: 3, evaluation: 4 });
  });

  it("uses all images of data at a path, and names the run after it", () => {
    const config = parseConfig({ data: { source: "/photos/my birds.tar.gz" }, method: { name: "pgd-at" } });
    expect(config.data.subset.profile).toBe("natural");
    expect(config.name).toBe("my-birds-resnet18-pgd-at");
  });

  it("reads fractions anywhere a number stands", () => {
    const config = parseConfig({
      method: { attack: { epsilon: "4/255", stepSize: "1.5/255" } },
      training: { learningRate: "1/20" },
    });
    expect(config.method).toMatchObject({ attack: { epsilon: 4 / 255, stepSize: 1.5 / 255 } });
    expect(config.training.learningRate).toBe(0.05);
  });

  it.each([
    [
      { training: { epohcs: 3 } },
      /^The configuration is not usable: training\.epohcs is no key \(did you mean "epochs"\?\); accepted in training: epochs, batchSize, /,
    ],
    [
      { trainng: {} },
      'The configuration is not usable: trainng is no key (did you mean "training"?); accepted at the top: name, data, model, method, training, evaluation, logging, seeds, device, precision, threads.',
    ],
    [
      { method: { name: "x".repeat(5000) } },
      `The configuration is not usable: method.name is "${"x".repeat(56)}…; accepted: pgd-at, reat, robal, trades, mart, at-bsl, taet, plain.`,
    ],
    [
      { training: { batchSize: "big" } },
      'The configuration is not usable: training.batchSize is "big"; accepted: a whole number of at least 2.',
    ],
    [
      { training: { milestones: [3, 1.5] } },
      "The configuration is not usable: training.milestones[1] is 1.5; accepted: a whole number of at least 1.",
    ],
    [
      { training: { milestones: [7, 3] } },
      "The configuration is not usable: training.milestones is [7, 3]; accepted: epochs in ascending order.",
    ],
    [
      { training: { select: "validation" } },
      "The configuration is not usable: training.select is validation, but data.validationPerClass is 0; set it to the images of each class to set aside.",
    ],
    [
      { method: { name: "reet" } },
      /^The configuration is not usable: method\.name is "reet" \(did you mean "reat"\?\); accepted: pgd-at, reat[^"]*\.$/,
    ],
    [
      { method: { name: "pgd-at", tail: {} } },
      /^The configuration is not usable: method\.tail is no key; accepted in method: name, loss, attack[^"]*\.$/,
    ],
    [
      { method: { tail: { form: "papr" } } },
      'The configuration is not usable: method.tail.form is "papr" (did you mean "paper"?); accepted: reference, paper.',
    ],
    [
      { method: { attack: { epsilon: "8/0" } } },
      'The configuration is not usable: method.attack.epsilon is "8/0"; accepted: a number or a fraction such as 8/255 from 0.',
    ],
    [
      { evaluation: { attacks: ["pdg-20"] } },
      /evaluation\.attacks\[0\] is "pdg-20"; accepted: pgd-<steps> .*cw-<steps>/,
    ],
    [
      { method: { name: "robal" } },
      "The configuration is not usable: model.classifier is linear, but method robal works on cosines; accepted with it: cosine, cosine:<γ> such as cosine:1/16, normalised.",
    ],
    [
      { model: { classifier: "cosine:wide" } },
      'The configuration is not usable: model.classifier is "cosine:wide"; accepted: linear, cosine, cosine:<γ> such as cosine:1/16, normalised.',
    ],
    [
      { model: { normalise: "cifar11" } },
      'The configuration is not usable: model.normalise is "cifar11"; accepted: cifar10, cifar100, tiny-imagenet, imagenet, or { mean: [r, g, b], std: [r, g, b] } with deviations above 0.',
    ],
    [
      { model: { normalise: { mean: [0, 0, 0], std: [1, 1, 0] } } },
      /model\.normalise\.std\[2\] is 0; accepted: a number above 0/,
    ],
    [
      { training: { epochs: 3, milestones: [], weightAverage: { from: 4 } } },
      "The configuration is not usable: training.weightAverage.from is 4, but training ends with epoch 3; accepted: an epoch of the training.",
    ],
    [
      { training: { weightAverage: { decay: 1 } } },
      /training\.weightAverage\.decay is 1; accepted: a number of at least 0 and below 1/,
    ],
    [
      { method: { name: "pgd-at", rbl: { form: "logit" } } },
      "The configuration is not usable: method.rbl is set, but method.reweighting is none; accepted with it: method.reweighting rbl, or no method.rbl.",
    ],
    [
      { method: { name: "pgd-at", reweighting: "rw", attack: { objective: "cw" } } },
      /method\.attack\.objective is cw, but method\.reweighting rw has an objective of its own/,
    ],
    [
      { data: { subset: { selection: "last" } } },
      'The configuration is not usable: data.subset.selection is "last"; accepted: shuffled, first.',
    ],
    [{ name: "../up" }, /name is "\.\.\/up"; accepted: a folder name of letters/],
    [
      { device: "gpu" },
      'The configuration is not usable: device is "gpu"; accepted: auto, cpu, cuda or cuda:N.',
    ],
    [
      { seeds: 5 },
      /seeds is 5; accepted: keys and values \(subset, initialisation, order, attack, evaluation\)/,
    ],
  ])("refuses %j in one sentence", (raw, message) => {
    expect(messageOf(() => parseConfig(raw))).toMatch(message);
  });

  it("names every problem at once", () => {
    const message = messageOf(() =>
      parseConfig({
        training: { epochs: 0, lr: 1 },
        model: { architecture: "resnet-18" },
        method: { los: "ce" },
      }),
    );
    expect(message.split("\n")).toHaveLength(5);
    expect(message).toContain("for 4 reasons");
    expect(message).toContain("training.epochs is 0; accepted: a whole number of at least 1.");
    expect(message).toContain("training.lr is no key");
    expect(message).toContain('model.architecture is "resnet-18" (did you mean "resnet18"?)');
    expect(message).toContain('method.los is no key (did you mean "loss"?)');
  });
});

describe("configToYaml", () => {
  it("writes what parseConfig reads back, budgets as fractions", () => {
    const config = parseConfig({
      name: "x",
      method: { name: "pgd-at", attack: { epsilon: "8/255", stepSize: 0.007 } },
    });
    const text = configToYaml(config);
    expect(text).toContain("epsilon: 8/255");
    expect(text).toContain("stepSize: 0.007");
    expect(parseConfig(parse(text))).toEqual(config);
  });
});

describe("loadConfig", () => {
  it.each(presetNames())("preset %s is complete and named as its file", (name) => {
    const config = loadConfig(name);
    if (!name.startsWith("own-images-")) expect(config.name).toBe(name);
    expect(config.training.milestones.at(-1) ?? 0).toBeLessThan(config.training.epochs);
  });

  it.each(presetNames())("preset %s says what it is, where it runs and how it is started", (name) => {
    const head = readFileSync(presetFile(name), "utf8").split(/^[^#]/m)[0]!;
    expect(head).toMatch(/^# .*\.$/m);
    expect(head).toMatch(/^# Hardware: /m);
    expect(head).toContain("Duration: ");
    expect(head).toContain(`# Command:  reat train ${name}`);
  });

  it("has the released RoBal variants with the constants of the method's own table", () => {
    const files = {
      "cifar10-R": "released-robal",
      "cifar10-N": "released-robal-n",
      "cifar100-R": "released-robal-cifar100-r",
      "cifar100-N": "released-robal-cifar100-n",
    } as const;
    for (const [variant, preset] of Object.entries(files) as [keyof typeof files, string][]) {
      const { attack: _, ...constants } = loadConfig(preset).method as RobalOptions;
      const { attack: __, ...expected } = robalOptions.parse({ name: "robal", ...robalVariants[variant] });
      expect(constants).toEqual(expected);
    }
  });

  it.each([
    ["gpu", "cifar10-lt-ur50-resnet18-gpu-reat"],
    ["cpu", "cifar10-lt-ur50-resnet18-cpu-pgd-at"],
  ])("has in the recipe for a %s what its measured run was trained with", (recipe, run) => {
    const decisive = (file: string) => {
      const { data, model, method, training, seeds } = loadConfig(file);
      const { source: _, ...ofData } = data;
      const { checkpointEvery: __, ...ofTraining } = training;
      return { data: ofData, model, method, training: ofTraining, seeds };
    };
    const record = join(packageRoot, "docs", "results", "runs", run, "config.yaml");
    expect(decisive(`cifar10-lt-ur50-resnet18-${recipe}`)).toEqual(decisive(record));
  });

  it("gives methods of the common protocol the same training and the same budget", () => {
    const stem = "cifar10-lt-ur50-resnet18-";
    const own = { robal: ["batchSize", "weightDecay"], "at-bsl": ["strongAugmentation"] } as Record<
      string,
      string[]
    >;
    const shared = loadConfig(`${stem}reat`);
    // Recipes have a protocol of their own.
    const recipes = [`${stem}cpu`, `${stem}gpu`];
    const names = presetNames().filter((name) => name.startsWith(stem) && !recipes.includes(name));
    expect(names.length).toBeGreaterThanOrEqual(methodNames.length);
    for (const name of names) {
      const { training, data, method } = loadConfig(name);
      const freed = Object.fromEntries((own[method.name] ?? []).map((key) => [key, null]));
      expect({ ...training, ...freed }).toEqual({ ...shared.training, ...freed });
      expect(data).toEqual(shared.data);
      if ("attack" in method) expect(method.attack).toMatchObject({ epsilon: 8 / 255, stepSize: 2 / 255 });
    }
  });

  it("gives both methods of a pair the same budget", () => {
    for (const pair of ["cifar10-lt-ur50-resnet18", "cifar10-lt-ur50-small", "quickstart"]) {
      const [a, b] = [loadConfig(`${pair}-pgd-at`), loadConfig(`${pair}-reat`)];
      expect({ ...a, name: "", method: null }).toEqual({ ...b, name: "", method: null });
      expect(attackOf(a)).toMatchObject(attackOf(b));
    }
  });

  it("puts overrides over the file, each value read as YAML", () => {
    const config = loadConfig("quickstart-reat", [
      "training.epochs=3",
      "training.milestones=[1, 2]",
      "method.tail.form=paper",
      "method.attack.epsilon=4/255",
      "data.subset={profile: step, imbalance: 10}",
      "name=mine",
    ]);
    expect(config.training.epochs).toBe(3);
    expect(config.training.milestones).toEqual([1, 2]);
    expect(config.method).toMatchObject({ tail: { form: "paper" }, attack: { epsilon: 4 / 255 } });
    expect(config.data.subset).toEqual({
      profile: "step",
      imbalance: 10,
      maxPerClass: null,
      selection: "shuffled",
    });
    expect(config.name).toBe("mine");
  });

  it.each([
    [
      "training.epochs",
      '"training.epochs" sets nothing; accepted is key=value with a dotted key, such as training.epochs=3.',
    ],
    ["=3", '"=3" sets nothing'],
    ["training.milestones=[1", 'The value of "training.milestones=[1" is no YAML: '],
    ["training.epoch=3", 'training.epoch is no key (did you mean "epochs"?)'],
    ["__proto__.x=1", "sets nothing"],
  ])("refuses the override %s", (assignment, message) => {
    expect(messageOf(() => loadConfig("quickstart-reat", [assignment]))).toContain(message);
  });

  it("says which presets there are where a name is none", () => {
    expect(messageOf(() => loadConfig("quickstart-raet"))).toMatch(
      /^"quickstart-raet" is neither a configuration file nor a preset \(did you mean "quickstart-reat"\?\); presets: .*cifar10-lt-ur50-resnet18-reat/,
    );
  });

  it("names the file that is no configuration", () => {
    const folder = mkdtempSync(join(tmpdir(), "reat-config-"));
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    expect(messageOf(() => loadConfig(file("a.yaml", "a: [1")))).toContain("a.yaml is no YAML: ");
    expect(messageOf(() => loadConfig(file("b.yaml", "- 1")))).toContain("a configuration is a YAML mapping");
    expect(messageOf(() => loadConfig(file("c.yaml", "training: { epochs: x }")))).toContain(
      'c.yaml is not usable: training.epochs is "x"',
    );
    for (const nothing of ["", "# nothing\n", "{}", "---\n"]) {
      expect(messageOf(() => loadConfig(file("empty.yaml", nothing)))).toMatch(
        /empty\.yaml is empty, and what is to be trained must be said: at least one key/,
      );
    }
    const foreign = Array.from({ length: 9000 }, (_, i) => `key${i}: 1`).join("\n");
    const told = messageOf(() => loadConfig(file("foreign.yaml", foreign))).split("\n");
    expect(told).toHaveLength(22);
    expect(told.at(-1)).toBe("  … and 8980 more.");
  });
});
