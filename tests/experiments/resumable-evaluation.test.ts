// An evaluation that is cut off and started again measures what is left, and ends with the numbers of an unbroken one.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EvaluationProgress, EvaluationResult } from "../../src/evaluation/index.js";
import { type EvaluateRunOptions, evaluateRun, evaluateWeights } from "../../src/experiments/index.js";
import { decodeSafetensors } from "../../src/training/index.js";
import { TinyExperiments } from "./tiny-experiment.js";

let place: TinyExperiments;
let original: string;
beforeAll(async () => {
  place = new TinyExperiments();
  original = await place.train("tiny");
  await place.agreeWith(original);
}, 60_000);
afterAll(() => place.dispose());

/** A copy of the run without its evaluations. */
function copy(name: string): string {
  const folder = join(place.folder, name, "tiny");
  cpSync(original, folder, {
    recursive: true,
    filter: (path) => !path.endsWith(".json") || path.endsWith("environment.json"),
  });
  return folder;
}

/** Without what the clock decides. */
function numbers(results: readonly EvaluationResult[]): unknown {
  return JSON.parse(JSON.stringify(results), (key, value: unknown) =>
    key === "seconds" || key === "time" || key === "environment" ? undefined : value,
  );
}

const settings: EvaluateRunOptions = {
  attacks: ["pgd-3", "cw-2"],
  // Radii at which some of the images fall and some stand.
  budget: { epsilon: 20 / 255 },
  images: 14,
  batchSize: 4,
  checkpoints: ["last"],
};
/** Counts batches by what ran in them; stops after `stopAt` of a stage. */
function watched(counts: Map<string, number>, stop?: { stage: string; at: number }): EvaluateRunOptions {
  const controller = new AbortController();
  let last = { stage: "", done: 0 };
  return {
    ...settings,
    signal: controller.signal,
    onProgress: (_, { stage, done }: EvaluationProgress) => {
      // The first report of a stage tells where it begins.
      if (stage === last.stage && Number.isInteger(done) && done > last.done) {
        counts.set(stage, (counts.get(stage) ?? 0) + done - last.done);
      }
      last = { stage, done };
      if (stop && stage === stop.stage && done >= stop.at) controller.abort(new Error("enough"));
    },
  };
}

describe("a run's evaluation", () => {
  it("goes on where it was cut off, and repeats nothing", async () => {
    const whole = copy("whole");
    const once = new Map<string, number>();
    const unbroken = await evaluateRun(whole, watched(once));
    expect(once.get("clean")).toBe(4);
    expect(once.get("pgd-3 ε=20/255")).toBe(4);
    expect(once.get("cw-2 ε=20/255")).toBe(4);

    const cut = copy("cut");
    const counts = new Map<string, number>();
    for (const stop of [
      { stage: "clean", at: 2 },
      { stage: "pgd-3 ε=20/255", at: 3 },
      { stage: "cw-2 ε=20/255", at: 1 },
    ]) {
      await expect(evaluateRun(cut, watched(counts, stop))).rejects.toThrow("enough");
      expect(readdirSync(join(cut, "evaluations")).some((name) => name.endsWith(".partial"))).toBe(true);
    }
    const resumed = await evaluateRun(cut, watched(counts));
    expect(numbers(resumed.results)).toEqual(numbers(unbroken.results));
    for (const stage of ["clean", "pgd-3 ε=20/255", "cw-2 ε=20/255"]) expect(counts.get(stage)).toBe(4);
    expect(readdirSync(join(cut, "evaluations")).filter((name) => name.endsWith(".partial"))).toEqual([]);
    expect(readdirSync(join(cut, "evaluations"))).toHaveLength(2);

    // And once more, nothing is measured at all.
    const again = new Map<string, number>();
    const known = await evaluateRun(cut, watched(again));
    expect(known.results).toEqual(resumed.results);
    expect(again.size).toBe(0);
  });

  it("clears away the turn of a process that was killed in it, also where the result is there", async () => {
    const run = copy("turn");
    const folder = join(run, "evaluations");
    const cut = watched(new Map(), { stage: "clean", at: 1 });
    await expect(evaluateRun(run, cut)).rejects.toThrow("enough");
    const partial = readdirSync(folder).find((name) => name.endsWith(".partial"))!;
    const { results } = await evaluateRun(run, settings);
    const lock = join(folder, `${partial}.lock`);
    mkdirSync(lock);
    // No process has so high a number.
    writeFileSync(join(lock, `4194305-1-1-${encodeURIComponent(hostname())}`), "");
    const again = await evaluateRun(run, settings);
    expect(numbers(again.results)).toEqual(numbers(results));
    expect(readdirSync(folder).filter((name) => !name.endsWith(".json"))).toEqual([]);
  });

  it("goes on within AutoAttack, with the same images fooled after each attack", async () => {
    const [name] = ["autoattack:apgd-ce+apgd-dlr"];
    const attack = { ...settings, attacks: [name!], budget: { epsilon: 20 / 255 } };
    const unbroken = await evaluateRun(copy("aa-whole"), attack);
    const cut = copy("aa-cut");
    const partial = () => readdirSync(join(cut, "evaluations")).filter((file) => file.includes("autoattack"));
    // Each time it is stopped as soon as one more batch is saved.
    let stops = 0;
    let steps = 0;
    for (let more = true; more && stops < 20; ) {
      const controller = new AbortController();
      const states = () => {
        const [folder] = partial().filter((file) => file.endsWith(".partial"));
        const file = folder && join(cut, "evaluations", folder, "state.json");
        return file && existsSync(file) ? readFileSync(file, "utf8") : "";
      };
      const before = states();
      try {
        await evaluateRun(cut, {
          ...attack,
          signal: controller.signal,
          onProgress: () => {
            steps += 1;
            if (states() !== before) controller.abort(new Error("enough"));
          },
        });
        more = false;
      } catch (error) {
        expect((error as Error).message).toBe("enough");
        stops += 1;
      }
    }
    expect(stops).toBeGreaterThan(1);
    expect(steps).toBeGreaterThan(0);
    const resumed = await evaluateRun(cut, attack);
    expect(numbers(resumed.results)).toEqual(numbers(unbroken.results));
    const { ensemble, robust, clean } = resumed.results[0]!;
    expect(clean.correct).toBe(14);
    expect(ensemble!.outcomes.map((outcome) => outcome.attack)).toEqual(["apgd-ce", "apgd-dlr"]);
    expect(ensemble!.outcomes[0]!.attacked).toBe(clean.correct);
    expect(robust.correct).toBeLessThan(clean.correct);
    expect(robust.correct).toBeGreaterThan(0);
    expect(ensemble!.outcomes[1]!.standing).toBe(robust.correct);
    expect(ensemble!.outcomes[1]!.groups).toEqual(robust.groups);
    expect(ensemble!.verification).toMatchObject({ agrees: true, accuracy: robust.accuracy });
    expect(ensemble!.robust).toHaveLength(14);
    expect(partial()).toHaveLength(1);
  });

  it("keeps adversarial images of all batches, those before the stop too", async () => {
    const attacks = ["pgd-3", "autoattack:apgd-ce"];
    const file = join(place.folder, "adversarial.safetensors");
    const cut = copy("images");
    const controller = new AbortController();
    const stopped = evaluateRun(cut, {
      ...{ ...settings, attacks, saveAdversarial: file, signal: controller.signal },
      onProgress: (_, { stage, done }) => {
        if (stage === "pgd-3 ε=20/255" && done === 2) controller.abort(new Error("enough"));
      },
    });
    await expect(stopped).rejects.toThrow("enough");
    expect(existsSync(file)).toBe(false);
    const { results } = await evaluateRun(cut, { ...settings, attacks, saveAdversarial: file });
    const { tensors, metadata } = decodeSafetensors(readFileSync(file), file);
    expect(metadata).toMatchObject({ run: "tiny", checkpoint: "last" });
    const [, ensemble] = results;
    const label = `autoattack:apgd-ce ε=20/255 [${ensemble!.ensemble!.constantsHash.slice(0, 12)}]`;
    expect([...tensors.keys()].sort()).toEqual([
      ...[`adversarial.${label}`, "adversarial.pgd-3 ε=20/255", "images", "labels"],
    ]);
    const floats = (name: string) => {
      const { bytes, shape, dtype } = tensors.get(name)!;
      expect([dtype, shape]).toEqual(["float32", [14, 3, 32, 32]]);
      return new Float32Array(Uint8Array.from(bytes).buffer);
    };
    const clean = floats("images");
    for (const name of ["adversarial.pgd-3 ε=20/255", `adversarial.${label}`]) {
      const distances = floats(name).map((value, i) => Math.abs(value - clean[i]!));
      const largest = distances.reduce((most, value) => Math.max(most, value), 0);
      expect(largest).toBeLessThanOrEqual(20 / 255 + 1e-6);
      expect(largest).toBeGreaterThan(0);
    }
    expect(readdirSync(join(cut, "evaluations")).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });
});

describe("an evaluation of weights from elsewhere", () => {
  it("goes on where it was cut off, where the result has a file", async () => {
    const weights = join(original, "checkpoints", "last.safetensors");
    const model = join(place.folder, "model.safetensors");
    await writeModel(weights, model);
    const options = {
      ...{
        architecture: "smallcnn",
        attacks: ["pgd-2", "fgsm", "autoattack:apgd-ce"],
        images: 14,
        batchSize: 4,
      },
      overrides: [`data.source=${JSON.stringify(place.data)}`, "threads=1"],
    };
    const plain = await evaluateWeights(model, options);
    const out = join(place.folder, "weights.json");
    const seen = new Map<string, number>();
    const attempt = (stage: string | null) => {
      const controller = new AbortController();
      let before = 0;
      return evaluateWeights(model, {
        ...{ ...options, out, signal: controller.signal },
        onProgress: (progress) => {
          if (progress.done > before) seen.set(progress.stage, (seen.get(progress.stage) ?? 0) + 1);
          before = progress.done;
          if (progress.stage === stage && progress.done === 2) controller.abort(new Error("enough"));
        },
      });
    };
    await expect(attempt("pgd-2")).rejects.toThrow("enough");
    await expect(attempt("fgsm")).rejects.toThrow("enough");
    const resumed = await attempt(null);
    for (const stage of ["pgd-2", "fgsm"]) expect(seen.get(stage)).toBe(4);
    const comparable = ({ clean, attacks }: typeof plain) =>
      numbers([{ clean, attacks }] as unknown as EvaluationResult[]);
    expect(comparable(resumed)).toEqual(comparable(plain));
    expect(JSON.parse(readFileSync(out, "utf8")).attacks).toHaveLength(3);
    expect(existsSync(`${out}.partial`)).toBe(false);
  });
});

/** The network's tensors of a checkpoint, as a file of weights. */
async function writeModel(checkpoint: string, file: string): Promise<void> {
  const { encodeSafetensors } = await import("../../src/training/index.js");
  const { writeFileSync } = await import("node:fs");
  const { tensors } = decodeSafetensors(readFileSync(checkpoint), checkpoint);
  const own = [...tensors].flatMap(([name, stored]) =>
    name.startsWith("model.") ? [[name.slice("model.".length), stored] as const] : [],
  );
  writeFileSync(file, Buffer.concat(encodeSafetensors({ tensors: new Map(own), metadata: {} })));
}
