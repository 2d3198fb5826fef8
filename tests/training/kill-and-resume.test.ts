// A run that is killed again and again must end as one that never was: same weights, same log.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { CounterRandom } from "../../src/data/index.js";
import { readCheckpoint } from "../../src/training/checkpoint.js";

const program = fileURLToPath(new URL("killable-run.mjs", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "reat-kill-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function runOnce(folder: string, killAt = "never:0"): { killed: boolean; complaint: string } {
  const { signal, status, stderr } = spawnSync(process.execPath, [program, folder], {
    env: { ...process.env, KILL_AT: killAt },
    encoding: "utf8",
  });
  const killed = signal === "SIGKILL";
  return { killed, complaint: killed || status === 0 ? "" : stderr };
}

/** Names and bytes of the tensors that decide how the run goes on. */
async function fingerprint(file: string): Promise<Record<string, string>> {
  const { parts } = await readCheckpoint(file);
  const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  return Object.fromEntries(
    Object.entries(parts).flatMap(([part, tensors]) =>
      [...tensors].map(([name, { bytes }]) => [`${part}.${name}`, digest(bytes)]),
    ),
  );
}

/** The log without what a clock decides and without the lines that tell of continuing. */
function history(folder: string): unknown[] {
  const lines = readFileSync(join(folder, "metrics.jsonl"), "utf8").trimEnd().split("\n");
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((event) => event.type !== "start" || event.resumedFrom === null)
    .map(({ time: _t, seconds: _s, imagesPerSecond: _i, ...event }) => event);
}

describe("a run that is killed with SIGKILL", () => {
  const unbroken = join(root, "unbroken");

  it("runs to its end when nothing kills it", () => {
    expect(runOnce(unbroken)).toEqual({ killed: false, complaint: "" });
    const events = history(unbroken) as { type: string }[];
    const count = (type: string) => events.filter((event) => event.type === type).length;
    expect([count("start"), count("batch"), count("epoch"), count("evaluation"), count("end")]).toEqual([
      1, 12, 4, 4, 1,
    ]);
  });

  it("ends bit-identical after twelve kills at random moments, in writing too", async () => {
    const folder = join(root, "killed");
    const random = new CounterRandom(20);
    const moments = [
      "batch",
      "half-checkpoint",
      "half-line",
      "before-rename",
      "measuring",
      "after-rename",
    ] as const;
    const most = {
      batch: 7,
      "half-checkpoint": 9,
      "half-line": 6,
      "before-rename": 4,
      measuring: 2,
      "after-rename": 3,
    };
    const kills: string[] = [];
    let killed = 0;
    for (let round = 0; killed < 12; round++) {
      expect(round, `killed only at ${kills.join(", ")}`).toBeLessThan(20);
      const moment = moments[round % moments.length]!;
      const killAt = `${moment}:${1 + random.below(most[moment])}`;
      const result = runOnce(folder, killAt);
      expect(result.complaint).toBe("");
      if (!result.killed) break;
      kills.push(killAt);
      killed += 1;
    }
    expect(killed, "the run was over before it was killed often enough").toBe(12);
    expect(existsSync(join(folder, "done"))).toBe(false);
    expect(runOnce(folder)).toEqual({ killed: false, complaint: "" });

    for (const name of ["last", "best"]) {
      const file = join("checkpoints", `${name}.safetensors`);
      const expected = await fingerprint(join(unbroken, file));
      expect(Object.keys(expected)).toContain("model.conv.weight");
      expect(await fingerprint(join(folder, file))).toEqual(expected);
    }
    expect(history(folder)).toEqual(history(unbroken));
    expect(existsSync(join(folder, "lock"))).toBe(false);
    expect(readdirSync(join(folder, "checkpoints")).sort()).toEqual(["best.safetensors", "last.safetensors"]);
  }, 300_000);
});
