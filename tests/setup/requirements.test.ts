// An old Node and other systems are refused in one sentence, before anything is loaded or installed.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../scripts/places.mjs";
import { oldestNode, unmetRequirement } from "../../scripts/requirements.mjs";
import { temporaryFolder, write } from "./fake-libtorch.js";

describe("what reat needs", () => {
  it.each([
    ["18.19.1", "linux", /^reat needs Node 20\.15 or newer .* this is Node 18\.19\.1: install /],
    ["20.14.0", "linux", /this is Node 20\.14\.0/],
    ["24.1.0", "darwin", /^reat runs on Linux, this is macOS: /],
    ["24.1.0", "win32", /^reat runs on Linux, this is Windows: install WSL/],
    ["24.1.0", "freebsd", /this is freebsd/],
  ])("Node %s on %s is not enough", (version, platform, sentence) => {
    const problem = unmetRequirement(version, platform);
    expect(problem).toMatch(sentence);
    expect(problem).not.toContain("\n");
  });

  it.each(["20.15.0", "22.0.0", "24.1.0", "26.10.0"])("Node %s on Linux is enough", (version) => {
    expect(unmetRequirement(version, "linux")).toBeUndefined();
  });

  it("is what package.json says", () => {
    const { engines } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"));
    expect(engines.node).toBe(`>=${oldestNode}`);
  });

  it.each(["bin/reat.js", "scripts/setup.mjs"])("%s says so before it imports anything else", (program) => {
    const fake = write(
      join(temporaryFolder(), "old-node.cjs"),
      'Object.defineProperty(process.versions, "node", { value: "18.19.1" });',
    );
    const done = spawnSync(process.execPath, ["--require", fake, join(packageRoot, program), "doctor"], {
      encoding: "utf8",
    });
    expect(done.stderr).toBe(`${unmetRequirement("18.19.1", "linux")}\n`);
    expect(done).toMatchObject({ status: 1, stdout: "" });
    // What is imported before that line must be readable for an old Node: modules without imports but Node's own.
    const imports = readFileSync(join(packageRoot, program), "utf8").match(/^import\b.*$/gm) ?? [];
    expect(imports[0]).toContain("requirements.mjs");
    for (const line of imports) {
      const file = /"\.*\/(?:scripts\/)?(.+)"/.exec(line)?.[1] ?? "";
      const inner = readFileSync(join(packageRoot, "scripts", file), "utf8").match(/^import\b.*$/gm) ?? [];
      expect(inner.filter((imported) => !imported.includes('"node:fs"'))).toEqual([]);
    }
  });
});
