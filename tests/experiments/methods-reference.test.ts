// What `reat methods` knows: every method, every key of its schema with its default and what it takes, an example that loads.
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { methodPage, methodPages, parseConfig } from "../../src/experiments/index.js";
import { methodNames, methods } from "../../src/methods/index.js";

const keysOf = (value: unknown, path: readonly string[] = []): string[] =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inside]) => keysOf(inside, [...path, key]))
    : [path.join(".")];

describe.each(methodNames)("the page of %s", (name) => {
  const page = methodPage(name);
  const option = (key: string) => page.options.find((candidate) => candidate.key === key);

  it("shows every key that the schema fills in, with its default", () => {
    const { name: _, ...defaults } = methods[name].schema.parse({ name });
    expect(page.options.map(({ key }) => key)).toEqual(expect.arrayContaining(keysOf(defaults)));
    for (const { key, help } of page.options) {
      expect(help.length, `${key} says what it is for`).toBeGreaterThan(5);
    }
    if ("attack" in defaults) {
      expect(option("attack.epsilon")).toMatchObject({ default: "8/255" });
      expect(option("attack.norm")).toMatchObject({ default: "linf", accepted: "linf, l2" });
      expect(option("classBudget")).toMatchObject({ default: null });
      expect(option("classBudget.alpha")).toMatchObject({ default: "0.3" });
    }
    expect(option("weightPerturbation.gamma")).toMatchObject({
      default: "0.01",
      accepted: "a number or a fraction such as 8/255 above 0",
    });
  });

  it.each(page.options)("says of $key what the configuration's own refusal says", ({ key, accepted }) => {
    const impossible = key
      .split(".")
      .reduceRight<unknown>((inside, part) => ({ [part]: inside }), ["no such"]);
    const refused = () => parseConfig({ method: { name, ...(impossible as object) } });
    // What follows a semicolon says how a name is given with constants, or how defaults are asked for.
    expect(refused).toThrow(`method.${key} is ["no such"]; accepted: `);
    expect(refused).toThrow(accepted.split(";")[0]);
  });

  it("has presets and an example that is a configuration of it", () => {
    expect(page.presets).toContain(`cifar10-lt-ur50-resnet18-${name}`);
    if (page.released) expect(page.presets).toContain(page.released.preset);
    expect(parseConfig(parse(page.example)).method.name).toBe(name);
  });
});

it("lists all methods, and suggests one for a name that is none", () => {
  expect(methodPages().map(({ name }) => name)).toEqual(methodNames);
  expect(() => methodPage("trade")).toThrow(
    `There is no method "trade" (did you mean "trades"?); accepted: ${methodNames.join(", ")}.`,
  );
});
