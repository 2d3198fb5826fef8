// The fuzzer finds each kind of fault in a reader that has them all; 300 seeded cases and all that was ever found end well.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../scripts/places.mjs";

interface FuzzRecord {
  cases: number;
  formats: Record<string, { cases: number; read: number; refused: number; found: number }>;
  faults: Record<string, number>;
  found: { format: string; what: string; fault: string; message: string }[];
}

const folder = mkdtempSync(join(tmpdir(), "reat-fuzz-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  const compiler = join(packageRoot, "node_modules", "typescript", "bin", "tsc");
  const compiled = spawnSync(process.execPath, [compiler, "-p", "trials/tsconfig.json"], {
    cwd: packageRoot,
  });
  expect(String(compiled.stdout)).toBe("");
  expect(compiled.status).toBe(0);
}, 60_000);

/** What the command counts. */
function fuzz(...args: readonly string[]): { status: number | null; record: FuzzRecord } {
  const file = join(folder, "record.json");
  const program = join(packageRoot, "build/trials/fuzz/main.js");
  const all = [program, ...args, "--record", file, "--found", join(folder, "found")];
  const { status, stderr } = spawnSync(process.execPath, all, { cwd: packageRoot, encoding: "utf8" });
  expect(stderr).toBe("");
  return { status, record: JSON.parse(readFileSync(file, "utf8")) as FuzzRecord };
}

describe("the fuzzer's own checks", () => {
  it("finds a reader that gives no sentence, reads wrong, refuses what is valid, is slow, fills memory, crashes, starts a process, runs code", () => {
    const { status, record } = fuzz(
      ...["--format", "broken", "--cases", "8", "--seed", "396", "--seconds", "3", "--memory", "100"],
    );
    expect(status).toBe(1);
    expect(Object.values(record.faults)).toEqual(Object.values(record.faults).map(() => 1));
    for (const { what, fault } of record.found) expect(fault).toBe(what);
  }, 120_000);
});

it("300 seeded cases are read right or refused in one sentence", () => {
  const { status, record } = fuzz("--cases", "300", "--seed", "20");
  expect(record.found).toEqual([]);
  expect(status).toBe(0);
  expect(record.cases).toBe(300);
  // A kind of which nothing is read, or nothing refused, would test nothing.
  for (const [name, { cases, read, refused }] of Object.entries(record.formats)) {
    expect(cases, name).toBe(30);
    expect(read, name).toBeGreaterThan(0);
    expect(refused, name).toBeGreaterThan(0);
  }
}, 300_000);

it("what was found once ends as it should", () => {
  const { status, record } = fuzz("--kept", "tests/trials/found");
  expect(record.found).toEqual([]);
  expect(status).toBe(0);
  expect(record.cases).toBe(readdirSync(join(packageRoot, "tests/trials/found")).length);
}, 120_000);
