// YAML that is wrong, endless or huge ends in one reason, and quickly.
import { describe, expect, it } from "vitest";
import { parseYaml } from "../src/yaml-text.js";

describe("YAML", () => {
  it.each<[string, unknown]>([
    ["", null],
    ["# only a comment", null],
    ["a: 1", { a: 1 }],
    ["8/255", "8/255"],
    ["- 1\n- two", [1, "two"]],
    ["base: &b { x: 1 }\nother: *b", { base: { x: 1 }, other: { x: 1 } }],
    ["a: !!str 1", { a: "1" }],
  ])("%j is %j", (text, value) => {
    expect(parseYaml(text)).toEqual(value);
  });

  it.each<[string, string, RegExp]>([
    ["a reference to itself", "a: &a [*a]", /^\*a refers to what it lies in$/],
    ["a reference to itself, deeper", "a: &a\n  b:\n    - c: *a", /^\*a refers to what it lies in$/],
    ["a reference to nothing", "a: *b", /Unresolved alias/],
    ["an unknown tag", "a: !python/object:os.system x", /Unresolved tag: !python\/object:os\.system/],
    ["a key twice", "a: 1\nb: { c: 1, c: 2 }", /^the key "c" stands there twice$/],
    [
      "too many keys",
      Array.from({ length: 100_000 }, (_, i) => `k${i}: 1`).join("\n"),
      /has 988889 characters, and 300000 are the most/,
    ],
    ["many keys", Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join("\n"), /more than 10000 keys$/],
    ["endless nesting", "[".repeat(20_000), /nested too deeply/],
    [
      "nesting in maps",
      Array.from({ length: 200 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"),
      /nested more than 50 deep/,
    ],
    [
      "aliases that multiply",
      `a: &a [x, x, x, x, x, x, x, x, x]\n${[..."bcdefghi"].map((k, i) => `${k}: &${k} [${Array(9).fill(`*${"abcdefgh"[i]}`)}]`).join("\n")}`,
      /Excessive alias count/,
    ],
    ["no end of a text", 'a: "x', /Missing closing/],
    ["two documents", "a: 1\n---\nb: 2", /multiple documents/],
  ])("with %s is refused", (_name, text, reason) => {
    expect(() => parseYaml(text)).toThrow(reason);
  });
});
