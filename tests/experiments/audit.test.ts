// Audits of runs: they go on after a stop, on the same weights alone, and leave nothing behind but the record.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AuditModelOptions, auditModel, writeAudit } from "../../src/experiments/index.js";
import { TinyExperiments } from "./tiny-experiment.js";

const tiny = new TinyExperiments();
let run = "";
beforeAll(async () => {
  run = await tiny.train("audited");
});
afterAll(() => tiny.dispose());

const options = { images: 6, checks: ["zero-gradients", "single-step", "logit-scale"] };

/** Audits until the attack of that name begins. */
async function stopAt(stage: string, more: AuditModelOptions = {}): Promise<void> {
  const controller = new AbortController();
  const stopped = auditModel(run, {
    ...{ ...options, ...more, signal: controller.signal },
    onProgress: (progress) => {
      if (progress.stage === stage) controller.abort(new Error("enough"));
    },
  });
  await expect(stopped).rejects.toThrow("enough");
}

async function finish(more: AuditModelOptions = {}) {
  const stages = new Set<string>();
  const outcome = await auditModel(run, {
    ...{ ...options, ...more },
    onProgress: ({ stage }) => stages.add(stage),
  });
  return { outcome, stages: [...stages] };
}

describe("an audit of a run", () => {
  it("goes on after a stop, and what it kept meanwhile is gone once it is written", async () => {
    const partial = join(run, "audits", "last.partial");
    await stopAt("pgd-20-x10");
    expect(existsSync(partial)).toBe(true);
    const { outcome, stages } = await finish();
    expect(stages).toEqual(["pgd-20-x10", "pgd-20-x100"]);
    expect(outcome).toMatchObject({ folder: join(run, "audits"), name: "last" });
    await writeAudit(outcome.folder!, outcome.name, outcome.record);
    expect(existsSync(partial)).toBe(false);
    const again = await finish({ checks: ["zero-gradients"] });
    expect(again.stages).toContain("clean");
    expect(again.outcome.record.rows).toEqual(outcome.record.rows.slice(0, 1));
    await writeAudit(again.outcome.folder!, again.outcome.name, again.outcome.record);
  });

  it("passes over what was kept of an audit with another budget", async () => {
    await stopAt("pgd-20-x10");
    const { stages } = await finish({ overrides: ["evaluation.epsilon=4/255"], checks: ["single-step"] });
    expect(stages).toEqual(["clean", "pgd-20", "fgsm"]);
  });

  it("refuses a surrogate that is no run, and no image at all", async () => {
    await expect(finish({ surrogate: "nowhere" })).rejects.toThrow("There is no run or checkpoint nowhere");
    await expect(finish({ images: 0 })).rejects.toThrow(
      "no test images to measure on: 0 were asked for, and one at least is needed.",
    );
  });
});
