// Configuration of the methods: defaults, fractions, and one message for each mistake.
import { describe, expect, it } from "vitest";
import { methodNames, methodOptions, methods } from "../../src/methods/index.js";

const problems = (given: unknown) =>
  methodOptions.safeParse(given).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);

describe("method options", () => {
  it("have the papers' defaults", () => {
    const attack = {
      norm: "linf",
      epsilon: 8 / 255,
      stepSize: 2 / 255,
      steps: 10,
      start: "uniform",
      batchNorm: "running",
    };
    expect(methodOptions.parse({ name: "pgd-at" })).toEqual({
      name: "pgd-at",
      loss: "ce",
      attack: { ...attack, objective: "ce" },
    });
    expect(methodOptions.parse({ name: "reat" })).toEqual({
      name: "reat",
      loss: "bsl",
      attack,
      rbl: { enabled: true, form: "weight", tau: 1, rounding: "reference" },
      tail: { enabled: true, form: "reference", lambda: 1, tailStart: "reference" },
    });
  });

  it("read fractions and give each norm its own budget", () => {
    expect(methodOptions.parse({ name: "reat", attack: { epsilon: "4/255" } }).attack).toMatchObject({
      epsilon: 4 / 255,
      stepSize: 2 / 255,
    });
    expect(methodOptions.parse({ name: "reat", attack: { norm: "l2" } }).attack).toMatchObject({
      epsilon: 1,
      stepSize: 0.2,
    });
    expect(
      methodOptions.parse({ name: "reat", attack: { norm: "l2", epsilon: "128/100" } }).attack.epsilon,
    ).toBe(1.28);
  });

  it("resolve to themselves, so that a written configuration can be read again", () => {
    for (const name of methodNames) {
      const resolved = methodOptions.parse({ name });
      expect(methodOptions.parse(JSON.parse(JSON.stringify(resolved)))).toEqual(resolved);
    }
  });

  it("name the key of a mistake", () => {
    expect(problems({ name: "reat", attack: { epsilon: "8" } })).toEqual([
      "attack.epsilon: expected at most 1 for norm linf, got 8",
    ]);
    expect(problems({ name: "reat", attack: { norm: "l2", start: "half-uniform" } })).toEqual([
      "attack.start: expected uniform, gaussian or none for norm l2, got half-uniform",
    ]);
    expect(problems({ name: "pgd-at", rbl: {} })).toEqual([': Unrecognized key: "rbl"']);
    expect(problems({ name: "reat", tail: { lamda: 2 }, rbl: { form: "wight" } })).toHaveLength(2);
    expect(problems({ name: "trades" })).toEqual(['name: expected one of pgd-at, reat, got "trades"']);
    expect(problems({})).toEqual(["name: expected one of pgd-at, reat, got none"]);
  });

  it("are described for each method", () => {
    expect(methodNames).toEqual(["pgd-at", "reat"]);
    for (const name of methodNames) {
      expect(methods[name].schema.safeParse({ name }).success).toBe(true);
      expect(methods[name].paper).toMatch(/arXiv \d{4}\.\d{5}/);
    }
  });
});
