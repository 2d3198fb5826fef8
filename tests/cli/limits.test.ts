// What the shell and the machine allow: full disks, readers that go away, closed terminals, read-only folders, few files.

import { type spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whyNotStarted } from "../../scripts/start-failure.mjs";
import { cacheFolder } from "../../src/data/index.js";
import { needing } from "../skipped.js";
import { ScratchFolder } from "./command-line.js";

const program = fileURLToPath(new URL("../../bin/reat.js", import.meta.url));
let place: ScratchFolder;

beforeAll(() => {
  place = new ScratchFolder();
  writeFileSync(
    place.path("tiny.yaml"),
    `
name: tiny
data: { source: tiny.reatpack, subset: { profile: exponential, imbalance: 4 } }
model: { architecture: smallcnn }
method: { name: pgd-at, attack: { steps: 1 } }
training: { epochs: 3, batchSize: 16, milestones: [], select: last, evaluationAttack: pgd-1, evaluationImages: 10, logEvery: 1 }
evaluation: { attacks: [pgd-1], images: 20 }
threads: 1
`,
  );
});
afterAll(() => place.dispose());

/** Runs a shell's line in the folder; "reat" is the program. */
function shell(line: string): { code: number | null; stdout: string; stderr: string } {
  const text = line.replaceAll("reat ", `'${process.execPath}' '${program}' `);
  const env = { ...process.env, NO_COLOR: "1", REAT_CACHE: place.path("cache") };
  const done = spawnSync("bash", ["-c", text], { cwd: place.folder, env, encoding: "utf8" });
  return { code: done.status, stdout: done.stdout, stderr: done.stderr };
}
const lastEvent = () => {
  const lines = readFileSync(place.path("runs/tiny/metrics.jsonl"), "utf8").trim().split("\n");
  return JSON.parse(lines.at(-1)!) as { type: string; reason?: string };
};

describe("stdout", () => {
  it("on a full disk is a failure, for results as for help", () => {
    expect(shell("reat train tiny.yaml --dry-run > /dev/full")).toMatchObject({
      code: 1,
      stderr: "reat: stdout cannot be written: no space is left on the disk.\n",
    });
  });

  it("whose reader goes away in a training stops it with a checkpoint", () => {
    const { code, stdout } = shell('reat train tiny.yaml --json 2> notes | head -1; echo "$PIPESTATUS"');
    expect(code).toBe(0);
    expect(stdout.split("\n")[1]).toBe("141");
    expect(readFileSync(place.path("notes"), "utf8")).toContain("(nobody reads the output any more)");
    expect(lastEvent()).toMatchObject({ type: "stopped", reason: "nobody reads the output any more" });
    expect(existsSync(place.path("runs/tiny/checkpoints/last.safetensors"))).toBe(true);
  });
});

describe("a terminal that is closed", () => {
  it("stops a training with a checkpoint, and it goes on to its end", async () => {
    const hungUp = await place.reat(
      ["train", "--resume", "runs/tiny"],
      undefined,
      (child: ReturnType<typeof spawn>) => {
        child.stderr!.once("data", () => child.kill("SIGHUP"));
      },
    );
    expect(hungUp.code).toBe(130);
    expect(lastEvent()).toMatchObject({ type: "stopped", reason: "interrupted (SIGHUP)" });
    expect(shell("reat train --resume runs/tiny")).toMatchObject({ code: 0 });
    expect(lastEvent().type).toBe("end");
  });
});

/** Whether this user may mount something over a folder, in a namespace of its own. */
const mounts = spawnSync("unshare", ["-m", "true"]).status === 0;

const title = needing(mounts, "a run on a disk that is read-only", "this user may not mount");
describe.skipIf(!mounts)(title, () => {
  const readOnly = (line: string) =>
    shell(`unshare -m sh -c "mount --bind runs runs && mount -o remount,bind,ro runs && ${line}"`);

  it("shows the results that are known", () => {
    const { code, stdout, stderr } = readOnly("reat eval runs/tiny");
    expect(stdout).toMatch(/^last \(epoch 3\) +pgd-1 /m);
    expect(stderr).toMatch(
      /The report was not renewed: .*report\.html cannot be written: the disk is read-only/,
    );
    expect(code).toBe(0);
  });

  it.each([
    ["measure", "reat eval runs/tiny --attack pgd-2"],
    ["train anew", "reat train tiny.yaml --runs runs/deep/er"],
  ])("is told as what it is where it would have to %s", (_name, line) => {
    const { code, stderr } = readOnly(line);
    expect(stderr).toMatch(/ cannot be written: the disk is read-only\.\n$/);
    expect(code).toBe(1);
  });
});

describe("limits of the shell", () => {
  it("on open files are told in one sentence", () => {
    expect(shell("ulimit -n 64; reat methods")).toMatchObject({ code: 0, stderr: "" });
    expect(shell("ulimit -n 20; reat methods")).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(
        /^reat cannot be started: it opens more files at its start than are allowed.*\n$/,
      ),
    });
  });

  it.each([
    [{ code: "EMFILE", message: "EMFILE: too many open files" }, /more files at its start/],
    [
      { code: "ERR_DLOPEN_FAILED", message: "libvips.so: failed to map segment" },
      /not enough memory or address space/,
    ],
    [{ message: "Cannot find module x\nRequire stack:" }, /^Cannot find module x$/],
  ])("%j", (error, message) => {
    expect(whyNotStarted(error)).toMatch(message);
  });
});

it("a user without a home keeps prepared data among the temporary files", () => {
  const { homedir } = os;
  Object.assign(os, {
    homedir: () => {
      throw new Error("uv_os_homedir returned ENOENT");
    },
  });
  syncBuiltinESMExports();
  try {
    expect(cacheFolder({})).toBe(join(os.tmpdir(), `reat-${process.getuid!()}`));
    expect(cacheFolder({ REAT_CACHE: "/elsewhere" })).toBe("/elsewhere");
  } finally {
    Object.assign(os, { homedir });
    syncBuiltinESMExports();
  }
});
