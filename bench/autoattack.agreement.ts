// AutoAttack, each of its attacks alone, PGD-20 and CW-100 on 500 images against the official figures, with times.
import { readFileSync } from "node:fs";
import { beforeAll, expect, it } from "vitest";
import { z } from "zod";
import {
  type AutoAttackResult,
  autoAttack,
  type BallName,
  type EnsembleAttackName,
  namedAttack,
} from "../src/attacks/index.js";
import { parseFraction } from "../src/fraction.js";
import { throughTiles } from "../src/nn/index.js";
import { Generator, noGrad, scope, setThreads } from "../src/tensor/index.js";
import {
  type AttackInputs,
  type AutoAttackGolden,
  attackInputs,
  describeNorms,
  differences,
} from "../tests/golden/autoattack-inputs.js";
import { describeGolden } from "../tests/golden/generator.js";
import { type AgreementRow, record } from "./agreement-record.js";

const officialRun = z.strictObject({
  torch: z.string(),
  /** One character for each image, 1 where it still stands at the end. */
  robust: z.string(),
  /** Wall time with two threads, by attack. */
  seconds: z.record(z.string(), z.number()),
});
const officialTimes = z.strictObject({ linf: officialRun.optional(), l2: officialRun.optional() });

/** How far a count of robust images, out of 500, may be from the official count. */
const allowed = { afterEach: 3, atEnd: 2, alone: 3, squareAlone: 5, pgd: 3 };

/** Seconds of the official implementation on this machine, as bench/pytorch/official_autoattack.py writes them; else those of the golden run. */
const officialHere = process.env.REAT_OFFICIAL_TIMES
  ? officialTimes.parse(JSON.parse(readFileSync(process.env.REAT_OFFICIAL_TIMES, "utf8")))
  : null;

const show = (text: string) => process.stdout.write(`${text}\n`);
const row = (cells: readonly (string | number)[]) =>
  show(cells.map((cell, i) => (i === 0 ? String(cell).padEnd(28) : String(cell).padStart(12))).join(""));
const head = [
  "",
  "robust",
  "official",
  "flags differ",
  "seconds",
  "cpu s",
  "official s",
  "ratio",
  "images/s",
];

describeGolden<AutoAttackGolden>("autoattack.json", (golden) => {
  let inputs: AttackInputs;
  beforeAll(async () => {
    // With one thread, processor time can be measured on a machine that has other work. The official times are with two threads.
    setThreads(Number(process.env.REAT_AGREEMENT_THREADS ?? 2));
    inputs = await attackInputs(golden);
  });

  /** Runs an ensemble, and counts how often an attack passes an image through the network and what that costs. */
  async function measured(
    norm: "linf" | "l2",
    eps: string | number,
    version: "standard" | readonly EnsembleAttackName[],
    tiles = false,
  ) {
    const passes = new Map<string, number>();
    const cpu = new Map<string, number>();
    let before = process.cpuUsage();
    const { model, ...images } = inputs;
    model.setMode(tiles ? "frozen" : "eval");
    const result: AutoAttackResult = await autoAttack({
      ...{ ...images, norm: norm as BallName, version },
      model: tiles ? throughTiles(model) : model,
      epsilon: parseFraction(String(eps))!,
      onProgress: ({ attack, standing }) => passes.set(attack, (passes.get(attack) ?? 0) + standing),
      onOutcome: ({ attack }) => {
        const used = process.cpuUsage(before);
        cpu.set(attack, (used.user + used.system) / 1e6);
        before = process.cpuUsage();
      },
    });
    model.setMode("eval");
    result.adversarial.dispose();
    expect(result.verification.agrees).toBe(true);
    expect(result.fastLogits).toBe(tiles);
    return { result, passes, cpu };
  }

  describeNorms(golden, "the ensemble", (norm, { eps, sequence, individual }) => {
    it.each([
      ["through tiles", true],
      ["plainly", false],
    ] as const)("the standard ensemble, %s", async (way, tiles) => {
      const { result, passes, cpu } = await measured(norm, eps, "standard", tiles);
      show(`\nAutoAttack standard, ${norm}, ${way}, constants ${result.constantsHash.slice(0, 12)}`);
      row(head);
      const here = officialHere?.[norm as "linf" | "l2"];
      // Times of a run that ends otherwise would be those of something else.
      if (here) expect(here.robust).toBe(sequence.robust);
      const officialTotal = here
        ? Object.values(here.seconds).reduce((sum, each) => sum + each, 0)
        : sequence.total_seconds;
      let total = 0;
      let totalCpu = 0;
      const rows: AgreementRow[] = [];
      for (const { attack, standing, seconds, robust } of result.outcomes) {
        const official = Math.round(sequence.accuracy_after[attack]! * 500);
        const flags = attack === "square" ? differences(robust, sequence.robust) : "";
        const officialSeconds = (here ?? sequence).seconds[attack]!;
        row([
          ...[
            `  after ${attack}`,
            standing,
            official,
            flags,
            seconds.toFixed(1),
            cpu.get(attack)!.toFixed(1),
          ],
          ...[
            officialSeconds,
            (seconds / officialSeconds).toFixed(2),
            Math.round(passes.get(attack)! / seconds),
          ],
        ]);
        total += seconds;
        totalCpu += cpu.get(attack)!;
        rows.push({
          ...{ attack, standing, official, allowed: allowed.afterEach, seconds, officialSeconds },
          ...{ processorSeconds: cpu.get(attack)!, passes: passes.get(attack)! },
        });
        expect.soft(Math.abs(standing - official), `after ${attack}`).toBeLessThanOrEqual(allowed.afterEach);
      }
      const ratio = total / officialTotal;
      row([
        ...["  all", "", "", "", total.toFixed(1), totalCpu.toFixed(1)],
        ...[officialTotal.toFixed(1), ratio.toFixed(2)],
      ]);
      const end = Math.round(sequence.robust_accuracy * 500);
      rows.at(-1)!.allowed = allowed.atEnd;
      record(`${norm}-standard${tiles ? "-tiles" : ""}`, {
        ...{ case: "standard", norm, epsilon: String(eps), rows },
        ...(tiles && { tiles: { unconfirmed: result.unconfirmed } }),
        ...(here && { officialHere: { torch: here.torch } }),
        ...{ constantsHash: result.constantsHash, flagsDiffer: differences(result.robust, sequence.robust) },
      });
      expect(Math.abs(result.robustAccuracy * 500 - end)).toBeLessThanOrEqual(allowed.atEnd);
      expect(result.warnings).toEqual([]);
    });

    it.each(Object.keys(individual) as EnsembleAttackName[])("%s alone", async (attack) => {
      const { result, passes, cpu } = await measured(norm, eps, [attack]);
      const recorded = individual[attack]!;
      const official = Math.round(recorded.robust_accuracy * 500);
      const { standing, seconds, robust } = result.outcomes[0]!;
      row([
        ...[`  ${attack} alone, ${norm}`, standing, official, differences(robust, recorded.robust)],
        ...[seconds.toFixed(1), cpu.get(attack)!.toFixed(1), recorded.seconds],
        ...[(seconds / recorded.seconds).toFixed(2), Math.round(passes.get(attack)! / seconds)],
      ]);
      const limit = attack === "square" ? allowed.squareAlone : allowed.alone;
      record(`${norm}-${attack}-alone`, {
        ...{ case: "alone", norm, epsilon: String(eps), constantsHash: result.constantsHash },
        flagsDiffer: differences(robust, recorded.robust),
        rows: [
          {
            ...{ attack, standing, official, allowed: limit, seconds, officialSeconds: recorded.seconds },
            ...{ processorSeconds: cpu.get(attack)!, passes: passes.get(attack)! },
          },
        ],
      });
      expect(Math.abs(standing - official)).toBeLessThanOrEqual(limit);
    });
  });

  it.each([
    ["pgd-20", golden.pgd20_torch_seed0],
    ["cw-100", golden.cw100_torch_seed0],
  ] as const)("%s", (name, recorded) => {
    const { attack } = namedAttack(name);
    const began = performance.now();
    const cpuBefore = process.cpuUsage();
    const standing = scope(() =>
      noGrad(() => {
        const found = attack.perturb(inputs.model, inputs.images, inputs.labels, new Generator(0));
        return inputs.model.logits(found).argmax(1).eq(inputs.labels).sum().item();
      }),
    );
    const official = Math.round(recorded.accuracy * 500);
    const seconds = (performance.now() - began) / 1000;
    const used = process.cpuUsage(cpuBefore);
    row([`  ${name}`, standing, official, "", seconds.toFixed(1)]);
    record(`linf-${name}`, {
      ...{ case: "alone", norm: "linf", epsilon: "8/255", constantsHash: null, flagsDiffer: null },
      rows: [
        {
          ...{ attack: name, standing, official, allowed: allowed.pgd, seconds },
          ...{ processorSeconds: (used.user + used.system) / 1e6, officialSeconds: recorded.seconds },
          passes: 500 * Number(name.split("-")[1]),
        },
      ],
    });
    expect(Math.abs(standing - official)).toBeLessThanOrEqual(allowed.pgd);
  });
});
