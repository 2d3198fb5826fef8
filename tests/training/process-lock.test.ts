// The lock of a run and of a measurement: one living holder, whatever else lies there and whoever is held up where.
import fs, { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { tryLock } from "../../src/training/process-lock.js";
import { lockRun } from "../../src/training/run-lock.js";

const root = mkdtempSync(join(tmpdir(), "reat-lock-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const place = join(root, "lock");
beforeEach(() => rmSync(place, { recursive: true, force: true }));

const gone = 2 ** 22 + 1;
const leaveClaim = () => {
  mkdirSync(place);
  writeFileSync(join(place, `${gone}-5-1-${hostname()}`), "");
};
const isTaken = () => {
  const taken = tryLock(place);
  if ("lock" in taken) taken.lock[Symbol.dispose]();
  return "holder" in taken;
};

describe("the lock", () => {
  it("keeps a second one out, and is gone afterwards", () => {
    {
      using _held = lockRun(place);
      expect(() => lockRun(place)).toThrow(
        expect.objectContaining({
          code: "usage",
          message: expect.stringContaining(`process ${process.pid};`),
        }),
      );
      // Who was refused has left nothing and taken nothing.
      expect(readdirSync(place)).toHaveLength(1);
    }
    expect(existsSync(place)).toBe(false);
  });

  it.each([
    ["of a process that is gone", `${gone}-5-1-${hostname()}`],
    ["of a process whose number is somebody else's now", `${process.pid}-1-1-${hostname()}`],
    ["of another machine", `${process.pid}-1-1-elsewhere`],
    ["with the number 0", `0-unknown-1-${hostname()}`],
  ])("%s does not stand in the way, and is cleared away", (_name, claim) => {
    mkdirSync(place);
    writeFileSync(join(place, claim), "");
    using _taken = lockRun(place);
    expect(readdirSync(place)).toHaveLength(1);
    expect(readdirSync(place)).not.toContain(claim);
  });

  it("of a living process stands in the way, also where its beginning is not known", () => {
    mkdirSync(place);
    writeFileSync(join(place, `${process.pid}-unknown-1-${hostname()}`), "");
    expect(isTaken()).toBe(true);
  });
});

describe("a lock that is a file, as it was before", () => {
  const write = (holder: object) =>
    writeFileSync(place, JSON.stringify({ host: hostname(), began: null, ...holder }));

  it.each<[string, () => void, boolean]>([
    ["of a living process", () => write({ pid: process.pid }), true],
    ["of a process that is gone", () => write({ pid: gone }), false],
    ["of process 0, which is a group", () => write({ pid: 0 }), false],
    ["of process -1, which is everybody", () => write({ pid: -1 }), false],
    ["of process 1.5", () => write({ pid: 1.5 }), false],
    ["of another machine", () => write({ pid: process.pid, host: "elsewhere" }), false],
    ["that was cut off in writing", () => writeFileSync(place, '{"host":'), false],
  ])("%s", (_name, prepare, taken) => {
    prepare();
    expect(isTaken()).toBe(taken);
  });
});

describe("two that take over one left-over lock", () => {
  const { unlinkSync, rmSync: remove, closeSync } = fs;
  afterEach(() => {
    Object.assign(fs, { unlinkSync, rmSync: remove, closeSync });
    syncBuiltinESMExports();
  });

  /** Lets another one go through the whole of taking the lock just before the first call of a function of the file system. */
  function heldUpBefore(name: "unlinkSync" | "rmSync" | "closeSync", other: () => void): void {
    const original = fs[name] as (...args: unknown[]) => unknown;
    let first = true;
    Object.assign(fs, {
      [name]: (...args: unknown[]) => {
        if (first) {
          first = false;
          other();
        }
        return original(...args);
      },
    });
    syncBuiltinESMExports();
  }

  it.each<["unlinkSync" | "rmSync" | "closeSync", () => void]>([
    // Between reading the file that was left over and removing it.
    ["unlinkSync", () => writeFileSync(place, JSON.stringify({ host: hostname(), pid: gone, began: "5" }))],
    // Between reading the claim that was left over and clearing it away.
    ["rmSync", leaveClaim],
    // Between claiming and looking at the others.
    ["closeSync", () => {}],
  ])("do not both get it where one is held up before %s", (step, leaveOver) => {
    leaveOver();
    const holders: Disposable[] = [];
    const attempt = () => {
      const taken = tryLock(place);
      if ("lock" in taken) holders.push(taken.lock);
    };
    heldUpBefore(step, attempt);
    attempt();
    expect(holders).toHaveLength(1);
    for (const lock of holders) lock[Symbol.dispose]();
    expect(existsSync(place)).toBe(false);
  });
});
