// What can be looked up of attacks and of a configuration: complete, with the values that the program takes.
import { describe, expect, it } from "vitest";
import { attackEntries, evaluationAttack, namedAttack } from "../../src/attacks/index.js";
import {
  attackPage,
  attackPages,
  attackTable,
  configRow,
  configRows,
  configurationTables,
  parseConfig,
} from "../../src/experiments/index.js";
import { expectGenerated } from "../generated-page.js";

describe("attacks", () => {
  it("every one says what it is, by whom, and what each of its options is for", () => {
    for (const { name, description, paper, norms, options } of attackPages()) {
      expect(description.length, name).toBeGreaterThan(20);
      expect(paper.length, name).toBeGreaterThan(10);
      expect(norms.length, name).toBeGreaterThan(0);
      for (const { key, help, accepted } of options) {
        expect(help.length, `${name} ${key}`).toBeGreaterThan(5);
        expect(accepted, `${name} ${key}`).not.toMatch(/^(undefined|another value|)$/);
      }
    }
  });

  it.each(attackPages().map(({ name, example, options }) => ({ name, example, options })))(
    "$name: its example runs it, and its defaults are what it takes",
    ({ example, options }) => {
      const [, name = "", norm = "linf"] = /--attack (\S+)(?: --norm (\S+))?$/.exec(example) ?? [];
      const { constants } = evaluationAttack(name, { norm: norm as "linf" });
      for (const option of options) {
        const shown = option.defaults?.[norm as "linf"] ?? option.default;
        const [dividend, divisor = 1] = String(shown).split("/").map(Number);
        const value = Number.isNaN(dividend) ? shown : dividend! / Number(divisor);
        expect(constants[option.key], `${name} ${option.key}`).toBe(value);
      }
    },
  );

  it("defaults that depend on the norm are shown for each", () => {
    const step = attackPage("pgd-20").options.find(({ key }) => key === "stepSize");
    expect(step?.defaults).toEqual({ linf: "2/255", l2: "0.2" });
    const restarts = attackPage("apgd-ce").options.find(({ key }) => key === "restarts");
    expect(restarts?.defaults).toMatchObject({ linf: "1", l1: "5" });
  });

  it("an option out of its range is named with what is accepted", () => {
    expect(() => namedAttack("fab", { restarts: 0 })).toThrow(
      "restarts of attack fab must be a whole number of at least 1, got 0",
    );
    expect(() => namedAttack("pgd-20", { stepSize: -1 })).toThrow(/^stepSize of attack pgd-20 must be /);
    expect(() => namedAttack("pgd-20", { start: "nowhere" as "none" })).toThrow(/uniform, half-uniform/);
  });

  it("the table of docs/evaluation.md has them all", () => {
    expectGenerated("evaluation.md", { attacks: attackTable() });
  });

  it("one that is none gets a suggestion", () => {
    expect(() => attackPage("sqare")).toThrow(/^There is no attack "sqare" \(did you mean "square"\?\)/);
    expect(attackEntries.map(({ name }) => attackPage(name).name.replace("-<steps>", ""))).toEqual(
      attackEntries.map(({ name }) => name),
    );
  });
});

describe("keys of a configuration", () => {
  const leaves = (value: unknown, path: readonly string[] = []): string[] =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.entries(value).flatMap(([key, inside]) => leaves(inside, [...path, key]))
      : [path.join(".")];

  it("all that a resolved configuration has can be looked up, and say what they are for", () => {
    const { method: _, ...config } = parseConfig({});
    const keys = configRows().map(({ key }) => key);
    expect(keys).toEqual(expect.arrayContaining(leaves(config)));
    for (const { key, help, accepted } of configRows()) {
      expect(help.length, `${key} says what it is for`).toBeGreaterThan(5);
      expect(accepted, key).not.toMatch(/^(undefined|another value|)$/);
    }
  });

  it("one, all below one, and those of methods", () => {
    expect(configRow("training.epochs")).toMatchObject([
      { key: "training.epochs", default: "80", accepted: "a whole number of at least 1" },
    ]);
    expect(configRow("seeds").map(({ key }) => key)).toContain("seeds.attack");
    expect(configRow("method.tail.form")).toMatchObject([{ default: "reference", methods: ["reat"] }]);
    expect(() => configRow("traning")).toThrow('There is no key "traning" (did you mean "training"?)');
  });

  it("docs/configuration.md is what the schema says", () => {
    expectGenerated("configuration.md", { ...configurationTables() });
  });
});
