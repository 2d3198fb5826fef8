// Configurations: YAML that refers to itself, unfolds without end or means something else than it looks like.
import { join } from "node:path";
import { configToYaml, loadConfig, parseConfig } from "reat";
import { stringify } from "yaml";
import { canonicalJson } from "#reat/canonical-json.js";
import type { Random } from "../../random.js";
import { mutateBytes } from "../bytes.js";
import type { Format, Sample } from "../case.js";
import { hostileValue, mutateJson } from "../json.js";

const small = {
  name: "birds",
  data: { source: "synthetic:3", subset: { imbalance: 10 } },
  model: { architecture: "small-resnet" },
  method: { name: "reat", attack: { epsilon: "8/255", steps: 4 } },
  training: { epochs: 3, milestones: [1, 2] },
  seeds: { order: 5 },
};

const complete = (): unknown => JSON.parse(JSON.stringify(parseConfig(small)));

/** Ways to say the same. */
const valid: Readonly<Record<string, () => string>> = {
  plain: () => stringify(small),
  "as JSON": () => JSON.stringify(small),
  "in quotes": () => stringify(small, { defaultStringType: "QUOTE_DOUBLE" }),
  "with comments": () => `# a comment\n${stringify(small)}\n# the end\n`,
  "as it is written into a run": () => configToYaml(parseConfig(small)),
  "Windows lines": () => stringify(small).replaceAll("\n", "\r\n"),
  "a mark at the beginning": () => `\ufeff${stringify(small)}`,
  anchors: () => stringify(small).replace("order: 5", "order: &five 5\n  attack: 3"),
};

const tricks: Readonly<Record<string, (random: Random) => string>> = {
  "a self-reference": () => "&a\nname: birds\nmethod: *a\n",
  "a list within itself": () => "training:\n  milestones: &m [1, *m]\n",
  "unfolds without end": () => {
    const names = "abcdefghij".split("");
    const lines = names.map(
      (name, i) =>
        `${name}: &${name} [${
          i === 0
            ? "1"
            : Array(9)
                .fill(`*${names[i - 1]}`)
                .join(",")
        }]`,
    );
    return lines.join("\n");
  },
  "an unknown tag": (random) =>
    `name: ${random.pick(["!!python/object/apply:os.system [ls]", "!foo bar", "!!js/function 'x'", "!!binary aGk=", "!!set {a}", "!!timestamp 2001-01-01", "!!omap [a: 1]"])}\n`,
  "a key twice": () => "name: a\nname: b\n",
  "merged keys": () => "base: &b {epochs: 3}\ntraining:\n  <<: *b\n",
  "a key that is no text": (random) =>
    `${random.pick(["? [a, b]\n: 1", "1: 2", "null: 3", "? {a: 1}\n: 2", "true: no"])}\n`,
  deep: (random) => `method: ${"[".repeat(random.pick([100, 5000, 50000]))}`,
  "deep by indent": (random) =>
    Array.from({ length: random.pick([50, 500]) }, (_, n) => `${" ".repeat(n)}a:`).join("\n"),
  "many keys": (random) =>
    Array.from({ length: random.pick([1000, 20000]) }, (_, n) => `k${n}: ${n}`).join("\n"),
  "many wrong keys within": (random) =>
    `training:\n${Array.from({ length: random.pick([300, 5000]) }, (_, n) => `  epoch${n}: 1`).join("\n")}\n`,
  "several documents": () => "name: a\n---\nname: b\n",
  "no mapping": (random) => random.pick(["[]", "42", "text", "~", "", "- a\n- b\n", "---\n...\n", "\t"]),
  "dangerous names": (random) =>
    `${random.pick(["__proto__", "constructor", "toString", "hasOwnProperty"])}: {a: 1}\nmethod: {name: ${random.pick(["constructor", "__proto__", "toString"])}}\n`,
  numbers: (random) =>
    `training:\n  epochs: ${random.pick([".inf", ".nan", "1e999", "0x10", "0o17", "1_000", "-0", "9".repeat(400), "1/0", "8/255/2", "'3'"])}\n`,
  "control characters": () => `name: "\\e[31mred\\a\\0"\n`,
  "no encoding": () => "name: \u0000\u0001\n",
};

/** Configurations in YAML. */
export const yaml: Format = {
  name: "YAML",

  make(random): Sample {
    const name = "config.yaml";
    const kind = random.below(6);
    if (kind === 0) {
      const spelling = random.pick(Object.keys(valid));
      return {
        files: { [name]: valid[spelling]!() },
        what: spelling,
        expects: "same",
        reference: { [name]: valid.plain!() },
      };
    }
    if (kind === 1) {
      const { bytes, what } = mutateBytes(Buffer.from(stringify(small)), random);
      return { files: { [name]: bytes }, what, expects: "any" };
    }
    if (kind < 4) {
      const trick = random.pick(Object.keys(tricks));
      return { files: { [name]: tricks[trick]!(random) }, what: trick, expects: "any" };
    }
    const { value, what } = mutateJson(random.chance(0.5) ? small : complete(), random);
    const broken = random.chance(0.1) ? hostileValue(random) : value;
    return { files: { [name]: JSON.stringify(broken) }, what, expects: "any" };
  },

  async read(folder) {
    return canonicalJson(loadConfig(join(folder, "config.yaml")));
  },
};
