// The package as others get it: packed, installed into an empty project beside, set up there, and used.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { activeBuild, packageRoot } from "../../scripts/places.mjs";
import { obstacles, relativeLinks } from "../../scripts/publishable.mjs";
import { libraryExample } from "../marked-blocks.js";

const minutes = 60_000;
let project: string;
let packed: string[];

/** Runs a command in the project that uses the package. */
function inProject(program: string, ...args: string[]) {
  const { REAT_ADDON: _, ...env } = process.env;
  const done = spawnSync(program, args, {
    cwd: project,
    encoding: "utf8",
    timeout: 10 * minutes,
    env: { ...env, REAT_CACHE: join(project, "cache") },
  });
  return { status: done.status, text: `${done.stdout}${done.stderr}` };
}

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "reat-consumer-"));
});

afterAll(() => rmSync(project, { recursive: true, force: true }), minutes);

describe("the packed package", { timeout: 15 * minutes }, () => {
  it("holds what it needs and nothing of the checkout", () => {
    const done = spawnSync("npm", ["pack", "--json", "--pack-destination", project], {
      cwd: packageRoot,
      encoding: "utf8",
    });
    const [{ files }] = JSON.parse(done.stdout) as [{ files: { path: string }[] }];
    packed = files.map(({ path }) => path);
    expect(packed).toEqual(
      expect.arrayContaining([
        "LICENSE",
        "README.md",
        "bin/reat.js",
        "dist/index.js",
        "dist/index.d.ts",
        "native/CMakeLists.txt",
        "scripts/setup.mjs",
      ]),
    );
    const tops = new Set(packed.map((path) => path.split("/")[0]));
    const expected = [
      "LICENSE",
      "README.md",
      "CHANGELOG.md",
      "CITATION.cff",
      "CONTRIBUTING.md",
      "package.json",
    ].concat(...["bin", "configs", "dist", "docs", "native", "scripts"]);
    expect([...tops].filter((top) => !expected.includes(top ?? ""))).toEqual([]);
    expect(packed.filter((path) => /\.(node|so|a|o)$/.test(path))).toEqual([]);
  });

  it("holds everything that its pages link", () => {
    const isPacked = (target: string) =>
      packed.some((path) => path === target || path.startsWith(`${target}/`));
    const pages = packed.filter((path) => path.endsWith(".md"));
    expect(pages).toContain("docs/README.md");
    const dead = pages.flatMap((page) =>
      relativeLinks(readFileSync(join(packageRoot, page), "utf8"))
        .filter((link) => !isPacked(join(dirname(page), link)))
        .map((link) => `${page}: ${link}`),
    );
    expect(dead).toEqual([]);
  });

  it("is published only with addresses that make the links of its README work on npm's page", () => {
    const read = (name: string) => readFileSync(join(packageRoot, name), "utf8");
    const description = JSON.parse(read("package.json"));
    const complete = { repository: "set", homepage: "set", bugs: "set", ...description };
    expect(obstacles(complete, read("README.md"))).toEqual([]);
    expect(relativeLinks(read("README.md")).length).toBeGreaterThan(5);
    expect(obstacles(description, "[a](docs/no-such-page.md)").join()).toContain("docs/no-such-page.md");
    expect(obstacles({ ...description, homepage: undefined }, "")).toContainEqual(
      expect.stringContaining("homepage"),
    );
    expect(description.keywords).toContain("adversarial-training");
  });

  it("installs into an empty project without running or building anything", () => {
    const [tarball = ""] = readdirSync(project).filter((name) => name.endsWith(".tgz"));
    writeFileSync(
      join(project, "package.json"),
      JSON.stringify({
        name: "consumer",
        private: true,
        type: "module",
        dependencies: { reat: `file:${tarball}` },
      }),
    );
    const installed = inProject(
      "npm",
      "install",
      "--ignore-scripts",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
    );
    expect(installed).toMatchObject({ status: 0 });
    expect(existsSync(join(project, "node_modules", "reat", "build"))).toBe(false);
  });

  it("compiles the README's program against the types it ships", () => {
    const program = libraryExample();
    expect(program).toBeDefined();
    writeFileSync(join(project, "example.ts"), program ?? "");
    const types = join(packageRoot, "node_modules", "@types");
    writeFileSync(
      join(project, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          target: "es2022",
          lib: ["es2023", "esnext.disposable"],
          module: "nodenext",
          strict: true,
          types: ["node"],
          typeRoots: [types],
        },
        files: ["example.ts"],
      }),
    );
    const compiled = inProject(
      process.execPath,
      join(packageRoot, "node_modules", "typescript", "bin", "tsc"),
    );
    expect(compiled).toEqual({ status: 0, text: "" });
  });

  it("names the set-up while the addon is not built", () => {
    const early = inProject(process.execPath, "example.js");
    expect(early.status).toBe(1);
    expect(early.text).toContain("The LibTorch addon has not been built yet: run `npx reat setup`.");
    const doctor = inProject("npx", "--no-install", "reat", "doctor");
    expect(doctor.status).toBe(1);
    expect(doctor.text).toContain("run `npx reat setup`");
  });

  // The addon's key is a hash of all its sources, of what they include, and of the LibTorch. The checkout has compiled the addon of
  // this key: that the package finds the same key shows that it would compile the same.
  it("sets up with `npx reat setup` the addon that the checkout has compiled, once", () => {
    const built = activeBuild();
    const shared = join(project, "cache", "addons", `${built?.key}.node`);
    mkdirSync(dirname(shared), { recursive: true });
    copyFileSync(built?.addon ?? "", shared);
    const first = inProject("npx", "--no-install", "reat", "setup", "--no-apt");
    expect(first).toMatchObject({ status: 0 });
    expect(first.text).toContain(`✓ addon ${built?.key} (built before, by another project)`);
    const second = inProject("npx", "--no-install", "reat", "setup", "--no-apt");
    expect(second.text).toMatch(/^✓ Nothing to set up: LibTorch/);
  });

  it("runs the README's program and finds itself well", () => {
    const done = inProject(process.execPath, "example.js");
    expect(done).toMatchObject({ status: 0 });
    const doctor = inProject("npx", "--no-install", "reat", "doctor");
    expect(doctor).toMatchObject({ status: 0 });
  });
});
