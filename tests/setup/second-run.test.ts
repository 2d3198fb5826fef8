// A set-up where everything is in place does nothing, and wrong options are named.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { whileLocked } from "../../scripts/lock.mjs";
import { activeBuild, packageRoot } from "../../scripts/places.mjs";
import { temporaryFolder } from "./fake-libtorch.js";

const setUp = (...options: string[]) =>
  spawnSync(process.execPath, [join(packageRoot, "scripts", "setup.mjs"), ...options], { encoding: "utf8" });

describe("set-up", () => {
  it("does nothing the second time, and says so in one line", () => {
    expect(setUp().status).toBe(0);
    const addon = activeBuild()?.addon ?? "";
    const stamp = join(packageRoot, "dist", ".stamp");
    const times = () => [addon, stamp].map((path) => statSync(path).mtimeMs);
    const before = times();
    const second = setUp();
    expect(second.stderr).toBe("");
    expect(second.stdout).toMatch(/^✓ Nothing to set up: LibTorch \d+\.\d+\.\d+ \(.*\)\n$/);
    expect(second.status).toBe(0);
    expect(times()).toEqual(before);
  });

  it("ends with 2 and its usage for an unknown option", () => {
    const done = setUp("--libtroch", "/opt");
    expect(done.status).toBe(2);
    expect(done.stderr).toContain("--libtroch");
    expect(done.stderr).toContain("Usage: reat setup");
  });
});

describe("the lock of a set-up", () => {
  it("is released after the work, also after a failure", async () => {
    const lock = join(temporaryFolder(), "lock");
    const failure = whileLocked(
      lock,
      () => {},
      () => Promise.reject(new Error("broken")),
    );
    await expect(failure).rejects.toThrow("broken");
    expect(
      await whileLocked(
        lock,
        () => {},
        async () => "done",
      ),
    ).toBe("done");
    expect(() => statSync(lock)).toThrow("ENOENT");
  });

  it("is taken over from a process that has ended", async () => {
    const lock = join(temporaryFolder(), "lock");
    const ended = spawnSync(process.execPath, ["-e", ""]).pid;
    mkdirSync(lock);
    writeFileSync(join(lock, "pid"), String(ended));
    expect(
      await whileLocked(
        lock,
        () => {},
        async () => readFileSync(join(lock, "pid"), "utf8"),
      ),
    ).toBe(String(process.pid));
  });

  it("is taken over when it was left without an owner", async () => {
    const lock = join(temporaryFolder(), "lock");
    mkdirSync(lock);
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(lock, longAgo, longAgo);
    expect(
      await whileLocked(
        lock,
        () => {},
        async () => "done",
      ),
    ).toBe("done");
  });

  it("keeps two processes apart", () => {
    const folder = temporaryFolder();
    const log = join(folder, "log");
    const module = join(packageRoot, "scripts", "lock.mjs");
    const code = `
      import { appendFileSync } from "node:fs";
      import { whileLocked } from ${JSON.stringify(module)};
      await whileLocked(${JSON.stringify(join(folder, "lock"))}, () => {}, async () => {
        appendFileSync(${JSON.stringify(log)}, "in ");
        await new Promise((resolve) => setTimeout(resolve, 100));
        appendFileSync(${JSON.stringify(log)}, "out ");
      });`;
    const one = `${JSON.stringify(process.execPath)} --input-type=module -e '${code}'`;
    spawnSync("sh", ["-c", `${one} & ${one} & ${one} & wait`]);
    expect(readFileSync(log, "utf8")).toBe("in out in out in out ");
  });
});
