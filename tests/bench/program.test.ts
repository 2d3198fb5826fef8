// The benchmark program itself, compiled and started: a quick case, a missing Python, an unknown case.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findPython } from "../../bench/programs.js";
import { benchRecord } from "../../bench/record.js";
import { Side, SideError } from "../../bench/side.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "reat-bench-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", "bench/tsconfig.json"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(stdout).toBe("");
  expect(status).toBe(0);
}, 120_000);

const bench = (args: readonly string[], env: Record<string, string> = {}) =>
  spawnSync(process.execPath, [join(root, "build/bench/main.js"), ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });

describe("the program", () => {
  it("measures a case, prints a table and writes what its schema says", () => {
    const file = join(folder, "call.json");
    const { status, stdout, stderr } = bench(["call/relu", "--repeats", "3", "--json", file]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^case +median \(quartiles\)/);
    const record = benchRecord.parse(JSON.parse(readFileSync(file, "utf8")));
    expect(record.command).toContain("call/relu --repeats 3");
    expect(record.cases.map(({ name }) => name)).toEqual(["call/relu"]);
    const [measured] = record.cases;
    expect(measured!.ours.seconds).toHaveLength(3);
    expect(measured!.ours.spread.median).toBeGreaterThan(0);
    expect(measured).toMatchObject({ threads: 1, baseline: null, ratio: null, targets: [] });
  });

  it("skips what needs Python's torch, and says why, where there is none", () => {
    const file = join(folder, "skipped.json");
    const { status, stdout } = bench(["train/pgd-at", "--quick", "--json", file], {
      REAT_BENCH_PYTHON: "/bin/false",
    });
    expect(status).toBe(0);
    expect(stdout).toContain(
      "train/pgd-at-cifar10 is skipped: REAT_BENCH_PYTHON names /bin/false, which cannot import numpy and torch.",
    );
    const { cases, skipped } = benchRecord.parse(JSON.parse(readFileSync(file, "utf8")));
    expect(cases).toEqual([]);
    expect(skipped.map(({ name }) => name)).toEqual([
      "train/pgd-at-cifar10",
      "train/pgd-at-cifar10-kept-memory",
    ]);
  });

  it("compiles its own native parts, which only some cases use", () => {
    const script = `
      import { loadNative } from ${JSON.stringify(pathToFileURL(join(root, "build/bench/worker/native.js")).href)};
      import { activeBuild } from "#scripts/places.mjs";
      const library = activeBuild().libtorch.onednn;
      const { start, stop } = loadNative("profiler");
      start();
      console.log(JSON.stringify({
        operators: stop(),
        // Null where oneDNN has no Winograd convolution for this processor.
        winograd: library ? loadNative("winograd", [library]).winogradSeconds(1, 16, 8, false, 1) : null,
      }));`;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--input-type=module", "--eval", script],
      { cwd: root, encoding: "utf8" },
    );
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const { operators, winograd } = JSON.parse(stdout) as { operators: object; winograd: number | null };
    expect(operators).toEqual({});
    if (winograd !== null) expect(winograd).toBeGreaterThan(0);
  });

  it("times the steps of convolutions in tiles", () => {
    const file = join(folder, "tiles.json");
    const { status, stderr } = bench(["profile/tiles", "--quick", "--repeats", "1", "--json", file]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const { cases } = benchRecord.parse(JSON.parse(readFileSync(file, "utf8")));
    const { values } = cases[0]!.ours;
    expect(Object.keys(values).filter((name) => name.endsWith(" products"))).toHaveLength(7);
    for (const name of ["limit", "in", "products", "out", "reached", "bound"])
      expect(values[name], name).toBeGreaterThan(0);
    // 36 products in the place of 144, and 81 with stride 2.
    expect(values.bound! / values.limit!).toBeGreaterThan(16 / 9);
    expect(values.bound! / values.limit!).toBeLessThan(4);
  });

  it("ends with one sentence for an unknown case", () => {
    const { status, stderr } = bench(["trian"]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^No case matches "trian": there are train, .*\.\n$/);
  });

  it("refuses a number of repetitions that is none", () => {
    const { status, stderr } = bench(["call", "--repeats", "0"]);
    expect(status).toBe(1);
    expect(stderr).toContain('It must be a whole number of at least 1, got "0".');
  });
});

describe("findPython", () => {
  it("says what it tried", () => {
    expect(findPython({ REAT_BENCH_PYTHON: "/no/such/python" })).toEqual({
      reason: "REAT_BENCH_PYTHON names /no/such/python, which cannot import numpy and torch",
    });
  });
});

describe("a side that ends", () => {
  it("is an error with its last words", async () => {
    const script = "console.error('no memory left'); process.exit(3)";
    using side = new Side({ name: "baseline", command: process.execPath, args: ["-e", script] });
    await expect(side.run()).rejects.toThrow(SideError);
  });

  it("whose answer is an error names it", async () => {
    const script = `process.stdin.once("data", () => console.log(JSON.stringify({ error: "no such model" })))`;
    using side = new Side({ name: "baseline", command: process.execPath, args: ["-e", script] });
    await expect(side.run()).rejects.toThrow("baseline: no such model");
  });
});
