// A log that is written while it is read.
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { LogTail } from "../../src/server/index.js";

const folder = mkdtempSync(join(tmpdir(), "reat-tail-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("gives each whole line once, and a half one when its rest has come", () => {
  const file = join(folder, "a.jsonl");
  const tail = new LogTail(file);
  expect(tail.look()).toEqual({ lines: [], restarted: false });
  const bytes = Buffer.from("one\ntwo é\nthree\n");
  // Within the two bytes of é.
  writeFileSync(file, bytes.subarray(0, 9));
  expect(tail.look().lines).toEqual(["one"]);
  expect(tail.look().lines).toEqual([]);
  appendFileSync(file, bytes.subarray(9));
  expect(tail.look().lines).toEqual(["two é", "three"]);
});

it("sees that a log was cut and went on, even where it is longer than before", () => {
  const file = join(folder, "b.jsonl");
  writeFileSync(file, "one\ntwo\n");
  const tail = new LogTail(file);
  tail.look();
  writeFileSync(file, "one\nother\nthree\n");
  expect(tail.look()).toEqual({ lines: ["one", "other", "three"], restarted: true });
  rmSync(file);
  expect(tail.look()).toEqual({ lines: [], restarted: true });
});
