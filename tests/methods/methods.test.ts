// Configuration of the methods: defaults, fractions, and one message for each mistake.
import { describe, expect, it } from "vitest";
import { methodNames, methodOptions, methods } from "../../src/methods/index.js";

const all = "pgd-at, reat, robal, trades, mart, at-bsl, taet, plain";
const problems = (given: unknown) =>
  methodOptions.safeParse(given).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);

describe("method options", () => {
  const attack = {
    norm: "linf",
    epsilon: 8 / 255,
    stepSize: 2 / 255,
    steps: 10,
    start: "uniform",
    batchNorm: "running",
  };
  const rbl = { form: "weight", tau: 1, rounding: "reference" };

  it("have the papers' defaults", () => {
    expect(methodOptions.parse({ name: "pgd-at" })).toEqual({
      name: "pgd-at",
      loss: "ce",
      attack: { ...attack, objective: "ce" },
      reweighting: "none",
      rbl,
    });
    expect(methodOptions.parse({ name: "reat" })).toEqual({
      name: "reat",
      loss: "bsl",
      attack,
      reweighting: "rbl",
      rbl,
      tail: { enabled: true, form: "reference", lambda: 1, tailStart: "reference" },
    });
    const gaussian = { ...attack, start: "gaussian" };
    expect(methodOptions.parse({ name: "trades" })).toEqual({
      name: "trades",
      loss: "ce",
      beta: 6,
      cleanPasses: 1,
      attack: gaussian,
    });
    expect(methodOptions.parse({ name: "mart" })).toMatchObject({ lambda: 5, attack: gaussian });
    expect(methodOptions.parse({ name: "at-bsl" })).toMatchObject({ loss: "bsl", attack: gaussian });
    expect(methodOptions.parse({ name: "taet" })).toMatchObject({
      cleanEpochs: 40,
      alpha: 0.1,
      beta: 0.1,
      gamma: 0.1,
    });
    expect(methodOptions.parse({ name: "robal" })).toMatchObject({
      margin: 0.1,
      scale: 10,
      tauPrior: 1.5,
      tauMargin: 0.3,
      beta: 6,
      tauInference: 0.1,
      attack: { ...attack, steps: 5, start: "half-uniform" },
    });
    expect(methodOptions.parse({ name: "plain" })).toEqual({ name: "plain", loss: "ce" });
  });

  it("put modifiers around any method, and class budgets around none that makes no examples", () => {
    for (const name of methodNames) {
      const given = { name, weightPerturbation: {}, ...(name === "plain" ? {} : { classBudget: {} }) };
      const resolved = methodOptions.parse(given);
      expect(resolved.weightPerturbation).toEqual({ gamma: 0.01, from: 1 });
      if (name !== "plain") expect(resolved).toMatchObject({ classBudget: { alpha: 0.3, warmUp: 0.8 } });
    }
    expect(problems({ name: "plain", classBudget: {} })).toEqual([': Unrecognized key: "classBudget"']);
  });

  it("keep the defaults of a method's own attack beside what is given of it", () => {
    const { attack: given } = methods.trades.schema.parse({ name: "trades", attack: { steps: 7 } });
    expect(given).toMatchObject({ steps: 7, start: "gaussian" });
  });

  it("read fractions and give each norm its own budget", () => {
    const parsed = (given: object) => methods.reat.schema.parse({ name: "reat", attack: given }).attack;
    expect(parsed({ epsilon: "4/255" })).toMatchObject({ epsilon: 4 / 255, stepSize: 2 / 255 });
    expect(parsed({ norm: "l2" })).toMatchObject({ epsilon: 1, stepSize: 0.2 });
    expect(parsed({ norm: "l2", epsilon: "128/100" }).epsilon).toBe(1.28);
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
    expect(problems({ name: "pgd-at", tail: {} })).toEqual([': Unrecognized key: "tail"']);
    expect(problems({ name: "reat", tail: { lamda: 2 }, rbl: { form: "wight" } })).toHaveLength(2);
    expect(problems({ name: "trade" })).toEqual([`name: expected one of ${all}, got "trade"`]);
    expect(problems({})).toEqual([`name: expected one of ${all}, got none`]);
  });

  it("are described for each method", () => {
    expect(methodNames.join(", ")).toBe(all);
    for (const name of methodNames) {
      expect(methods[name].schema.safeParse({ name }).success).toBe(true);
      expect(methods[name].paper).toMatch(/arXiv \d{4}\.\d{5}|OpenReview|no paper/);
    }
  });
});
