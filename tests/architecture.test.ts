// The plan of the house, checked: floors, purpose lines, file sizes, names.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../scripts/places.mjs";
import { floors } from "./floors.js";

/** Files of src itself that any floor may import, and the library's public face, which may import all. */
const ground = [
  "launched.ts",
  "canonical-json.ts",
  "durable-file.ts",
  "errors.ts",
  "schema-misfit.ts",
  "fraction.ts",
  "schema-words.ts",
  "yaml-text.ts",
];
const face = ["index.ts"];

const longestFile = 350;

function filesUnder(folder: string, pattern: RegExp): string[] {
  if (!existsSync(join(packageRoot, folder))) return [];
  return readdirSync(join(packageRoot, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => relative(packageRoot, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes("node_modules"))
    .sort();
}

const read = (path: string): string => readFileSync(join(packageRoot, path), "utf8");
const sources = filesUnder("src", /\.ts$/);
const allCode = [
  ...sources,
  ...["tests", "bench", "trials", "examples", "scripts", "bin"].flatMap((folder) =>
    filesUnder(folder, /\.(ts|mts|js|mjs)$/),
  ),
];
const native = filesUnder("native", /\.(cc|h)$/);

/** Relative imports of a file, static, dynamic and of types, as paths from the root of the package. */
function importedPaths(path: string): string[] {
  const specifiers = read(path).matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g);
  return [...specifiers].map(([, specifier = ""]) => normalize(join(dirname(path), specifier)));
}

/** The same as paths under src. */
const importsOf = (path: string): string[] =>
  importedPaths(path).map((imported) => relative("src", imported));

const folderOf = (pathUnderSrc: string): string | undefined => {
  const [first, second] = pathUnderSrc.split("/");
  return second === undefined ? undefined : first;
};
const levelOf = (folder: string): number => floors.findIndex((floor) => floor.includes(folder));

/** Rooms within floors, such as `data/formats`: folders with an index of their own. */
const rooms = sources
  .map((path) => relative("src", dirname(path)))
  .filter((folder, index, all) => folder.includes("/") && all.indexOf(folder) === index);
const inRoom = (pathUnderSrc: string, room: string): boolean => pathUnderSrc.startsWith(`${room}/`);

describe("floors", () => {
  it("every folder of src has its floor, every file of src itself is known", () => {
    const folders = new Set(
      sources.map((path) => folderOf(relative("src", path))).filter((name) => name !== undefined),
    );
    expect([...folders].filter((folder) => levelOf(folder) < 0)).toEqual([]);
    const loose = sources.map((path) => relative("src", path)).filter((path) => folderOf(path) === undefined);
    expect(loose.filter((path) => !ground.includes(path) && !face.includes(path))).toEqual([]);
  });

  it("a folder imports only from floors above it, through their index", () => {
    const wrong: string[] = [];
    for (const path of sources) {
      const from = folderOf(relative("src", path));
      for (const imported of importsOf(path)) {
        const to = folderOf(imported);
        const complaint = `${path} imports ${imported}`;
        if (imported.startsWith("..")) {
          // Set-up and engine tell the libraries beside LibTorch the same before they load it.
          const isShared = from === "tensor" && imported === "../scripts/ucx.mjs";
          if (!isShared && (!imported.startsWith("../scripts/") || from !== "doctor")) wrong.push(complaint);
        } else if (to === undefined) {
          if (from !== undefined && !ground.includes(imported.replace(/\.js$/, ".ts"))) wrong.push(complaint);
        } else if (to !== from) {
          const above = from === undefined ? face.includes(basename(path)) : levelOf(to) < levelOf(from);
          if (!above || basename(imported) !== "index.js") wrong.push(complaint);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it("a room within a floor has a face, and the rest of its floor imports it through that face", () => {
    expect(rooms.filter((room) => !existsSync(join(packageRoot, "src", room, "index.ts")))).toEqual([]);
    const wrong = sources.flatMap((path) =>
      importsOf(path)
        .filter((imported) =>
          rooms.some(
            (room) =>
              inRoom(imported, room) &&
              !inRoom(relative("src", path), room) &&
              imported !== `${room}/index.js`,
          ),
        )
        .map((imported) => `${path} imports ${imported}`),
    );
    expect(wrong).toEqual([]);
  });

  it("no file imports itself by way of others, not even for a type", () => {
    const graph = new Map(
      allCode.map((path) => [path, importedPaths(path).map((imported) => imported.replace(/\.js$/, ".ts"))]),
    );
    const reaches = (from: string, goal: string, seen = new Set<string>()): boolean =>
      (graph.get(from) ?? []).some((next) => {
        if (next === goal) return true;
        if (seen.has(next)) return false;
        seen.add(next);
        return reaches(next, goal, seen);
      });
    expect(allCode.filter((path) => reaches(path, path))).toEqual([]);
  });

  it("what scripts and pages import from the build has its source", () => {
    const users = ["docs", "scripts", "bin", "examples", "tests"].flatMap((folder) =>
      filesUnder(folder, /\.(mjs|js)$/),
    );
    const named = users.flatMap((path) =>
      [...read(path).matchAll(/"(?:\.\.\/)+dist\/([\w/-]+)\.js"/g)].map(([, source]) =>
        // The joined command line (scripts/program.mjs) is made from this one.
        source === "cli/reat" ? "src/cli/main.ts" : `src/${source}.ts`,
      ),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((source) => !existsSync(join(packageRoot, source)))).toEqual([]);
  });

  it("only src/tensor loads the addon", () => {
    const loaders = sources.filter((path) => /reat_native|\.node["'`]|process\.dlopen/.test(read(path)));
    expect(loaders.filter((path) => !path.startsWith("src/tensor/"))).toEqual([]);
  });
});

describe("every file", () => {
  it("starts with a line that states its purpose", () => {
    const silent = [...allCode, ...native].filter((path) => {
      const [first = "", second = ""] = read(path).split("\n");
      return !/^\/\/ \S.{10,}/.test(first.startsWith("#!") ? second : first);
    });
    expect(silent).toEqual([]);
  });

  it(`has at most ${longestFile} lines`, () => {
    const long = [...sources, ...filesUnder("scripts", /\.mjs$/)]
      .map((path) => ({ path, lines: read(path).trimEnd().split("\n").length }))
      .filter(({ lines }) => lines > longestFile);
    expect(long).toEqual([]);
  });

  it("has a name that says what it holds", () => {
    const vague = allCode.filter((path) => /(^|[-./])(utils?|helpers?|misc|common)([-./]|$)/.test(path));
    expect(vague).toEqual([]);
  });

  it("has no default export and no `any`", () => {
    const wrong = sources.filter((path) => {
      const code = read(path).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
      return (
        /\bexport default\b|\bas default\b/.test(code) ||
        /[:<,|&(]\s*any\b(?!\s*[("'`])|\bas any\b/.test(code)
      );
    });
    expect(wrong).toEqual([]);
  });
});

describe("a fact stands once", () => {
  const without = (home: string) => sources.filter((path) => path !== home);
  const code = (path: string) => read(path).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");

  it.each([
    ["the usual budgets", "src/attacks/geometry/usual-budget.ts", /\b[28] \/ 255\b/],
    [
      "the checkpoints' names",
      "src/evaluation/checkpoint-name.ts",
      /"last" \| "best"|"best" \| "last"|\["last", "best"\]/,
    ],
    ["the rule of the tail", "src/data/long-tail/profiles.ts", /classes\) \/ 3|classes \/ 3/],
  ])("%s in %s", (_, home, pattern) => {
    expect(code(home)).toMatch(pattern);
    expect(without(home).filter((path) => pattern.test(code(path)))).toEqual([]);
  });
});

it("nothing of the library prints", () => {
  const loud = sources.filter(
    (path) =>
      !path.startsWith("src/cli/") && /\bconsole\.\w+\(|process\.(stdout|stderr)\.write/.test(read(path)),
  );
  expect(loud).toEqual([]);
});

it("no dependency runs a program when it is installed", () => {
  expect(read(".npmrc")).toMatch(/^ignore-scripts=true$/m);
});

it("folders are made by makeFolder: Node's own recursion never returns where a path can never be made, as under /proc", () => {
  const own = sources.filter((path) => /mkdir(Sync)?\([^)]*recursive/.test(read(path)));
  expect(own).toEqual([]);
});
