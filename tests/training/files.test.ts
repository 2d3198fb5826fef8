// Files of a run: durable writes, the log, the lock, the folder itself.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { writeDurably } from "../../src/durable-file.js";
import { EventLog } from "../../src/training/event-log.js";
import type { RunEvent } from "../../src/training/events.js";
import { RunFolder } from "../../src/training/index.js";
import { settingsDifferences } from "../../src/training/settings.js";
import { environment, temporaryRuns } from "./tiny-run.js";

const runs = temporaryRuns();
afterAll(runs.remove);
const stopped = (batch: number): RunEvent => ({ type: "stopped", epoch: 1, batch, reason: "test" });

describe("a durable write", () => {
  it("replaces the file and leaves no temporary one", async () => {
    const file = join(runs.root, "durable");
    await writeDurably(file, "before");
    await writeDurably(file, [Buffer.from("after, "), Buffer.from("in parts")]);
    expect(readFileSync(file, "utf8")).toBe("after, in parts");
    expect(existsSync(`${file}.tmp`)).toBe(false);
  });

  it("onto a full disk says so, keeps the file and removes the temporary one", async () => {
    const file = join(runs.root, "full");
    await writeDurably(file, "before");
    symlinkSync("/dev/full", `${file}.tmp`);
    await expect(writeDurably(file, "after")).rejects.toMatchObject({
      code: "disk",
      message: `${file} cannot be written: no space is left on the disk; what it held before is unchanged.`,
    });
    expect(readFileSync(file, "utf8")).toBe("before");
    expect(existsSync(`${file}.tmp`)).toBe(false);
  });

  it("into a folder that is not there says so", async () => {
    await expect(writeDurably(join(runs.root, "nowhere", "file"), "x")).rejects.toThrow(
      /its folder does not exist/,
    );
  });
});

describe("the log", () => {
  it("is cut back to a length, and to whole lines", () => {
    const path = join(runs.root, "metrics.jsonl");
    const log = new EventLog(path, 0);
    log.append(stopped(1));
    const first = log.length;
    log.append(stopped(2));
    const second = log.length;
    log.append(stopped(3));
    log.close();
    appendFileSync(path, '{"type":"torn');

    const lengthKept = (keep: number) => {
      using reopened = new EventLog(path, keep);
      return reopened.length;
    };
    expect(lengthKept(Number.MAX_SAFE_INTEGER)).toBe(second + first);
    expect(lengthKept(second)).toBe(second);
    expect(lengthKept(second - 1)).toBe(first);
    expect(readFileSync(path, "utf8")).toBe(`${JSON.stringify(stopped(1))}\n`);
    expect(lengthKept(first - 1)).toBe(0);
  });

  it("finds the last whole line far from the end", () => {
    const path = join(runs.root, "long.jsonl");
    writeFileSync(path, `{}\n${"x".repeat(200_000)}`);
    using log = new EventLog(path, Number.MAX_SAFE_INTEGER);
    expect(log.length).toBe(3);
  });

  it("on a full disk says so", () => {
    const path = join(runs.root, "full.jsonl");
    symlinkSync("/dev/full", path);
    using log = new EventLog(path, 0);
    expect(() => log.append(stopped(1))).toThrow(
      expect.objectContaining({
        code: "disk",
        message: expect.stringMatching(/no space is left on the disk/),
      }),
    );
  });
});

describe("the run folder", () => {
  it("holds configuration and environment", async () => {
    const run = await runs.create("new");
    expect(RunFolder.open(run.path).config()).toBe("name: tiny\n");
    expect(run.environment()).toEqual(environment);
    expect(environment.libtorch).toMatch(/^\d+\.\d+/);
    expect(environment.threads).toBe(1);
  });

  it("is never made over a run or over anything else", async () => {
    const run = await runs.create("twice");
    await expect(runs.create("twice")).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(/twice already holds a run: continue it/),
    });
    expect(run.config()).toBe("name: tiny\n");
    mkdirSync(join(runs.root, "thesis"));
    writeFileSync(join(runs.root, "thesis", "chapter.tex"), "");
    await expect(runs.create("thesis")).rejects.toThrow(/is not empty \(it holds chapter\.tex\)/);
  });

  it("that was cut off while it was made can be made again", async () => {
    const run = await runs.create("half");
    rmSync(run.configFile);
    expect(RunFolder.isRun(run.path)).toBe(false);
    expect((await runs.create("half")).config()).toBe("name: tiny\n");
  });

  it("cannot be opened where there is none", () => {
    expect(() => RunFolder.open(join(runs.root, "nothing"))).toThrow(
      /holds no run: there is no config\.yaml/,
    );
  });

  it("that another process makes at this moment is not made twice", async () => {
    const path = join(runs.root, "at-once");
    const first = RunFolder.create(path, "name: first\n", environment);
    await expect(RunFolder.create(path, "name: second\n", environment)).rejects.toMatchObject({
      code: "usage",
    });
    expect((await first).config()).toBe("name: first\n");
  });

  it.each([
    ["{", /is damaged \(it is no JSON\): put a copy of it back, or delete it/],
    ["[]", /is damaged \(/],
    ['{"reat":"1"}', /is damaged \(node is missing\)/],
  ])("does not go on with a damaged account of its environment: %s", async (text, message) => {
    const run = await runs.create(`damaged ${text.length}`);
    writeFileSync(run.environmentFile, text);
    expect(() => RunFolder.open(run.path, environment)).toThrow(
      expect.objectContaining({ code: "data", message: expect.stringMatching(message) }),
    );
    rmSync(run.environmentFile);
    expect(RunFolder.open(run.path, environment).warnings).toMatchObject([{ name: "environment-missing" }]);
  });

  it("warns when a run goes on elsewhere", async () => {
    const run = await runs.create("moved");
    expect(RunFolder.open(run.path, environment).warnings).toEqual([]);
    const [warning] = RunFolder.open(run.path, { ...environment, threads: 64 }).warnings;
    expect(warning).toMatchObject({ name: "environment-changed" });
    expect(warning!.message).toContain("threads was 1 and is 64");
  });
});

describe("two configurations", () => {
  it("are compared by dotted key", () => {
    const before = { a: { b: 1, list: [1, 2] }, gone: true, same: "x" };
    const now = { a: { b: 2, list: [1, 3] }, same: "x", fresh: null };
    expect(settingsDifferences(before, now)).toEqual([
      "a.b was 1 and is 2",
      "a.list was [1,2] and is [1,3]",
      "gone was true and is absent",
      "fresh was absent and is null",
    ]);
  });

  it("with other training images are told so in words", () => {
    const before = { data: { subsetHash: "a", contentHash: "b", testShare: 0.2 }, seeds: { order: 0 } };
    const replaced = [
      "the training images are not those that it was trained on, some were added, removed or replaced: put them back, or begin a new run",
    ];
    const data = (changed: object) => ({ ...before, data: { ...before.data, ...changed } });
    expect(settingsDifferences(before, data({ subsetHash: "c" }))).toEqual(replaced);
    expect(settingsDifferences(before, data({ contentHash: "c" }))).toEqual(replaced);
    expect(settingsDifferences(before, data({ testShare: 0.3, subsetHash: "c", contentHash: "c" }))).toEqual([
      "data.testShare was 0.2 and is 0.3",
    ]);
    expect(settingsDifferences(before, { ...data({ contentHash: "c" }), seeds: { order: 1 } })).toEqual([
      "seeds.order was 0 and is 1",
      ...replaced,
    ]);
  });

  it("of which one knows nothing of the images' content agree on it", () => {
    const before = { data: { subsetHash: "a" } };
    expect(settingsDifferences(before, { data: { subsetHash: "a", contentHash: "b" } })).toEqual([]);
    expect(settingsDifferences({ data: { subsetHash: "a", contentHash: "b" } }, before)).toEqual([]);
  });
});
