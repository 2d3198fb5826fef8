// A checkout that was copied, renamed or moved finds its own addon, and set-up sees the move.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { removeForeignTree } from "../../scripts/addon.mjs";
import { packageRoot } from "../../scripts/places.mjs";
import { temporaryFolder, write } from "./fake-libtorch.js";

/** A checkout's scripts and the record of a build, without anything that could be compiled. */
function checkout(record: (folder: string) => object): string {
  const folder = join(temporaryFolder(), "here");
  cpSync(join(packageRoot, "scripts"), join(folder, "scripts"), { recursive: true });
  write(join(folder, "package.json"), '{"version":"0.0.0","type":"module"}');
  write(join(folder, "build", "native", "key", "reat_native.node"), "");
  write(join(folder, "build", "native", "active.json"), JSON.stringify(record(folder)));
  return folder;
}

/** What the checkout's own scripts say, in a process without the home of whoever runs this test. */
function ask(folder: string, expression: string): unknown {
  const code = `import * as places from ${JSON.stringify(join(folder, "scripts", "places.mjs"))};
    console.log(JSON.stringify(${expression}) ?? "null");`;
  const done = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, REAT_CACHE: join(folder, "cache") },
  });
  expect(done.stderr).toBe("");
  return JSON.parse(done.stdout);
}
const active = "places.activeBuild()";
const state = `{ addon: ${active}?.addon, moved: ${active} && places.movedFrom(${active}) }`;
const addonIn = (folder: string) => join(folder, "build", "native", "key", "reat_native.node");

describe("the record of a build", () => {
  const today = (folder: string) => ({ addon: "key/reat_native.node", builtIn: folder, key: "key" });
  const before = (folder: string) => ({ addon: addonIn(folder), key: "key" });

  it.each([
    ["as it is written", today],
    ["with a full path, as it was", before],
  ])("%s names the addon beside it", (_name, record) => {
    const folder = checkout(record);
    expect(ask(folder, state)).toEqual({ addon: addonIn(folder) });
  });

  it("moves along with a checkout that is renamed, and tells where it was built", () => {
    const folder = checkout(today);
    const there = join(folder, "..", "there");
    renameSync(folder, there);
    expect(ask(there, state)).toEqual({ addon: addonIn(there), moved: folder });
  });

  it.each([
    ["as it is written", today, (folder: string) => folder],
    ["with a full path, as it was", before, () => "another place"],
  ])("%s never leads a copy to the addon of the original", (_name, record, moved) => {
    const folder = checkout(record);
    const copy = join(folder, "..", "copy");
    cpSync(folder, copy, { recursive: true });
    expect(ask(copy, state)).toEqual({ addon: addonIn(copy), moved: moved(folder) });
    expect(ask(folder, state)).toEqual({ addon: addonIn(folder) });
  });
});

describe("a kept choice", () => {
  it("within the checkout moves along with it, another stays where it is", () => {
    const folder = checkout(() => ({}));
    const kept = (name: string) => ask(folder, `places.keptPath(${JSON.stringify(name)})`);
    expect(kept(join(folder, ".venv", "bin", "python"))).toBe("./.venv/bin/python");
    expect(kept("/opt/venv/bin/python")).toBe("/opt/venv/bin/python");
    expect(kept("python3.12")).toBe("python3.12");
    write(join(folder, "build", "choice.json"), '{"python":"./.venv/bin/python"}');
    const there = join(folder, "..", "there");
    renameSync(folder, there);
    expect(ask(there, "places.keptChoice({})")).toEqual({ python: join(there, ".venv", "bin", "python") });
  });

  it("whose place is gone is told with the option that named it", () => {
    const folder = checkout(() => ({}));
    write(join(folder, "build", "choice.json"), '{"python":"/nowhere/venv/bin/python"}');
    const done = spawnSync(process.execPath, [join(folder, "scripts", "setup.mjs"), "--no-apt"], {
      encoding: "utf8",
      env: { PATH: process.env.PATH, REAT_CACHE: join(folder, "cache") },
    });
    expect(done.status).toBe(1);
    expect(done.stderr).toContain(
      "An earlier set-up was told `--python /nowhere/venv/bin/python`: if that has moved, give its new place to `--python`; `--system` goes back",
    );
    expect(JSON.parse(readFileSync(join(folder, "build", "choice.json"), "utf8"))).toEqual({
      python: "/nowhere/venv/bin/python",
    });
  });
});

describe("CMake's build tree", () => {
  const cache = (sources: string, tree: string) =>
    `//comment\nCMAKE_HOME_DIRECTORY:INTERNAL=${sources}\nCMAKE_CACHEFILE_DIR:INTERNAL=${tree}\n`;
  it.each([
    ["of these sources in this place", "/here/native", null, true],
    ["of sources that are elsewhere now", "/there/native", null, false],
    ["that was configured in another place", "/here/native", "/there/tree", false],
  ])("%s", (_name, sources, place, stays) => {
    const tree = temporaryFolder();
    write(join(tree, "CMakeCache.txt"), cache(sources, place ?? tree));
    removeForeignTree(tree, "/here/native");
    expect(existsSync(tree)).toBe(stays);
  });
});
