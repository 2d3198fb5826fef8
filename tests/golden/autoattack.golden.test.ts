// The parts of AutoAttack against the recorded official implementation, image by image where nothing is random (autoattack.json).
import { beforeAll, describe, expect, it } from "vitest";
import { apgdRun } from "../../src/attacks/apgd/run.js";
import { classOfRank, dlrObjective, targetedDlrObjective } from "../../src/attacks/dlr.js";
import { fabRun } from "../../src/attacks/fab/run.js";
import { lengths, normalised } from "../../src/attacks/geometry/ball.js";
import { crossEntropyObjective, pgd } from "../../src/attacks/index.js";
import { inFastLayout, logitsPass } from "../../src/attacks/passes.js";
import { parseFraction } from "../../src/fraction.js";
import { Generator, scope, type Tensor, tensor } from "../../src/tensor/index.js";
import { testDevice } from "../test-device.js";
import {
  type AttackInputs,
  type AutoAttackGolden,
  attackInputs,
  describeNorms,
  differences,
  flags,
} from "./autoattack-inputs.js";
import { describeGolden, expectWithin, goldenInput } from "./generator.js";

describeGolden<AutoAttackGolden>("autoattack.json", (golden) => {
  describe("on the recorded network and images", () => compareWith(golden));
});

function compareWith(golden: AutoAttackGolden): void {
  let inputs: AttackInputs;
  beforeAll(async () => {
    inputs = await attackInputs(golden);
  });

  it("logits and clean predictions", () => {
    scope(() => {
      const logits = logitsPass(inputs.model, inputs.images);
      expectWithin(
        logits.slice(0, 0, 4).toArray(),
        golden.clean.logits_first4.flat(),
        1e-5,
        "logits of the first images",
      );
      expect(flags(logits.argmax(1).eq(inputs.labels))).toBe(golden.clean.correct);
    });
  });

  it("PGD-20 from the recorded noise", () => {
    scope(() => {
      const { model, images, labels } = inputs;
      const epsilon = 8 / 255;
      const noise = goldenInput({ seed: golden.noise_seed, shape: images.shape, formula: "1*(2u-1)" });
      const piece = 50;
      let right = "";
      for (let from = 0; from < images.shape[0]!; from += piece) {
        const part = (of: Tensor) => of.slice(0, from, from + piece);
        const attack = pgd({
          ...{ norm: "linf", epsilon, stepSize: 2 / 255, steps: 20, clampStart: true },
          start: () => part(noise).mul(epsilon),
        });
        right += scope(() => {
          const found = attack.perturb(
            model,
            inFastLayout(part(images)),
            part(labels),
            new Generator(0, testDevice),
          );
          return flags(logitsPass(model, found).argmax(1).eq(part(labels)));
        });
      }
      expect(differences(right, golden.pgd20_counter_noise.correct)).toBeLessThanOrEqual(1);
    });
  });

  const { deterministic } = golden;
  describeNorms(golden, "without hidden randomness", (norm, { eps }, recorded) => {
    const epsilon = parseFraction(String(eps))!;

    function chosen(): { images: Tensor; labels: Tensor; logits: Tensor; start: Tensor } {
      const index = tensor(deterministic.indices, { dtype: "int64", device: testDevice });
      const images = inputs.images.indexSelect(0, index);
      const direction = goldenInput({
        ...{ seed: deterministic.noise_seed, shape: images.shape },
        formula: "1*(2u-1)",
      });
      const start =
        norm === "linf"
          ? images.addScaled(direction, epsilon).clamp_(0, 1)
          : normalised(direction, "l2").mul_(epsilon).add_(images).clamp_(0, 1);
      return {
        ...{ images, start, labels: inputs.labels.indexSelect(0, index) },
        logits: logitsPass(inputs.model, images),
      };
    }

    it.each([
      ["apgd_ce", crossEntropyObjective, 1e-3],
      ["apgd_dlr", dlrObjective, 1e-2],
      ["apgd_dlr_targeted", targetedDlrObjective, 1e-3],
    ] as const)("%s from the given points", (name, objective, tolerance) => {
      scope(() => {
        const { images, labels, logits, start } = chosen();
        const targets = classOfRank(logits, 2);
        if (recorded[name].target) expect(targets.toArray()).toEqual(recorded[name].target);
        const run = apgdRun(
          inputs.model,
          { images, labels, targets, start },
          {
            ...{ ball: norm, epsilon, steps: 100, rho: 0.75, gradientRepeats: 1 },
            ...{ objective, stopWhenFooled: false },
          },
        );
        const mean = run.bestValue.mean().item();
        expect(Math.abs(mean - recorded[name].loss_best_mean)).toBeLessThan(tolerance);
        expect(differences(flags(run.standing), recorded[name].robust)).toBeLessThanOrEqual(1);
      });
    });

    it.each([2, 3] as const)("fab towards the class of rank %i, from the image itself", (rank) => {
      scope(() => {
        const { images, labels, logits } = chosen();
        const run = fabRun(
          inputs.model,
          { images, labels, start: images, targets: classOfRank(logits, rank) },
          { ball: norm, steps: 100, alphaMax: 0.1, eta: 1.05, beta: 0.9, stopWithin: null },
        );
        const { distance } = recorded.fab_t_single_run[`target_rank_${rank}`];
        const ours = run.distance.toArray().map((value) => (Number.isFinite(value) ? value : 0));
        const errors = ours.map((value, i) =>
          distance[i] === 0 ? value : Math.abs(value - distance[i]!) / distance[i]!,
        );
        expect([...errors].sort((a, b) => a - b)[10]).toBeLessThan(1e-3);
        expect(Math.max(...errors)).toBeLessThan(2e-2);
        expectWithin(lengths(run.closest.sub(images), norm).toArray(), ours, 1e-6, "distance of the point");
      });
    });
  });
}
