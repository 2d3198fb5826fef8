// The pages: every one on the map, every link to something, every command one that the program takes, the drawing of the floors.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../scripts/places.mjs";
import { relativeLinks } from "../../scripts/publishable.mjs";
import { floors } from "../floors.js";
import { commandsOf, markedBlocks } from "../marked-blocks.js";
import { problemOf } from "./command-check.js";

const docs = readdirSync(join(packageRoot, "docs")).filter((name) => name.endsWith(".md"));
const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...docs.map((name) => `docs/${name}`)];
const read = (page: string) => readFileSync(join(packageRoot, page), "utf8");

/** The fragments by which the headings of a page are linked. */
function anchorsOf(page: string): Set<string> {
  const headings = [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, text = ""]) => text);
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}

describe.each(pages)("%s", (page) => {
  it("links only what is there", () => {
    const dead = relativeLinks(read(page)).filter(
      (link) => !existsSync(join(packageRoot, dirname(page), link)),
    );
    expect(dead).toEqual([]);
  });

  it("links only headings that are there", () => {
    const dead = [...read(page).matchAll(/\]\(([^)\s#:]*)#([^)\s]+)\)/g)].filter(
      ([, target = "", anchor = ""]) => !anchorsOf(join(dirname(page), target || basename(page))).has(anchor),
    );
    expect(dead.map(([link]) => link)).toEqual([]);
  });

  it("shows only commands that the program takes", () => {
    const shell = markedBlocks(page).filter(({ language }) => ["", "bash", "sh"].includes(language));
    const prose = read(page).replace(/^```[\s\S]*?^```$/gm, "");
    const inline = [...prose.matchAll(/`((?:reat|npx reat|npm run|node bin\/reat\.js) [^`]+)`/g)].map(
      ([, line = ""]) => line,
    );
    const lines = [...shell.flatMap(commandsOf).flatMap((line) => line.split("&&")), ...inline];
    const wrong = lines
      .map((line) => ({ line, problem: problemOf(line.trim()) }))
      .filter(({ problem }) => problem);
    expect(wrong).toEqual([]);
  });
});

it("commands that are none are found out", () => {
  expect(problemOf("reat resume runs/birds")).toBe('there is no command "resume"');
  expect(problemOf("reat data shwo photos")).toContain("data");
  expect(problemOf("reat eval runs/birds --atack pgd-20")).toBe("eval has no option --atack");
  expect(problemOf("reat train quickstart-raet")).toBe('there is no preset "quickstart-raet"');
  expect(problemOf("reat train quickstart-reat --set training.epoch=3")).toContain(
    'There is no key "training.epoch"',
  );
  expect(problemOf("npm run stup")).toContain("stup");
  expect(problemOf("npm run setup -- --phyton python3")).toContain("--phyton");
  expect(problemOf("reat eval runs/a runs/b --attack pgd-20 --eps 4/255 # a remark --x")).toBeNull();
});

it("docs/README.md is the map of all pages", () => {
  const linked = relativeLinks(read("docs/README.md"));
  expect(docs.filter((name) => name !== "README.md" && !linked.includes(name))).toEqual([]);
});

it("docs/architecture.md draws the floors as they are", () => {
  const drawing = markedBlocks("docs/architecture.md").find(({ language }) => language === "text");
  const above = drawing?.lines.slice(
    0,
    drawing.lines.findIndex((line) => line.includes("───")),
  );
  const drawn = above?.map((line) => line.slice(0, 34).trim().split(/\s+/)).reverse();
  expect(drawn?.map((names) => names.sort())).toEqual(floors.map((names) => [...names].sort()));
});
