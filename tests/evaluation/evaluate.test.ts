// Measuring: against a plain loop, independent of what runs beside it, interruptible, without leaks.
import { describe, expect, it } from "vitest";
import { type Attack, evaluationAttack, isEnsemble, namedAttack, pgd } from "../../src/attacks/index.js";
import { mixSeed } from "../../src/data/index.js";
import {
  type EvaluateOptions,
  type EvaluationProgress,
  evaluate,
  measureEnsemble,
} from "../../src/evaluation/index.js";
import { BatchNorm, Conv2d, ImageClassifier, Linear } from "../../src/nn/index.js";
import { asTensorError } from "../../src/tensor/errors.js";
import {
  full,
  Generator,
  keep,
  liveTensors,
  noGrad,
  rand,
  randint,
  scope,
  setThreads,
  type Tensor,
} from "../../src/tensor/index.js";

setThreads(1);

class TinyModel extends ImageClassifier {
  override readonly architecture = "tiny";
  override readonly classes = 3;
  override readonly featureSize = 4;
  readonly norm = this.child("norm", new BatchNorm(4));
  readonly conv = this.child("conv", new Conv2d(3, 4, new Generator(1)));
  readonly head = this.child("head", new Linear(4, 3, new Generator(2)));

  override features(images: Tensor): Tensor {
    return this.norm.forward(this.conv.forward(images)).relu().mean([2, 3]);
  }

  override classify(features: Tensor): Tensor {
    return this.head.forward(features.mul(20));
  }
}

const model = new TinyModel();
const data = new Generator(3);
const images = scope(() => keep(rand([20, 3, 8, 8], data)));
// The model's own answers for most images, so that an attack has something to break.
const labels = scope(() => {
  const answers = model.withMode("eval", () => noGrad(() => model.logits(images).argmax(1)));
  const others = randint(0, 3, [20], data);
  return keep(answers.mul(1).where(rand([20], data).gt(0.3), others));
});
const batches = {
  count: 3,
  batch: (b: number) => ({
    images: images.slice(0, b * 8, Math.min(20, (b + 1) * 8)),
    labels: labels.slice(0, b * 8, Math.min(20, (b + 1) * 8)),
  }),
};
const options: EvaluateOptions = {
  model,
  batches,
  groups: ["head", "body", "tail"],
  attacks: [namedAttack("pgd-5", { epsilon: 0.1, stepSize: 0.03 })],
  seed: 9,
};

describe("evaluate", () => {
  it("counts what a plain loop counts", async () => {
    const { clean, attacks } = await evaluate(options);
    const truth = labels.toArray();
    const count = (predicted: number[]) => predicted.filter((label, i) => label === truth[i]).length;
    const answers = (of: (b: number) => Tensor) =>
      model.withMode("eval", () =>
        [0, 1, 2].flatMap((b) => scope(() => noGrad(() => model.logits(of(b)).argmax(1).toArray()))),
      );
    const cleanAnswers = answers((b) => batches.batch(b).images);
    expect(clean.correct).toBe(count(cleanAnswers));
    expect(clean.predicted).toEqual([0, 1, 2].map((k) => cleanAnswers.filter((label) => label === k).length));
    expect(clean.perClass.map(({ total }) => total)).toEqual(
      [0, 1, 2].map((k) => truth.filter((label) => label === k).length),
    );

    const attack = pgd({ norm: "linf", epsilon: 0.1, stepSize: 0.03, steps: 5, clampStart: true });
    const attacked = answers((b) => {
      const generator = new Generator(mixSeed(9, mixSeed(...Buffer.from("pgd-5")), b));
      const batch = batches.batch(b);
      return attack.perturb(model, batch.images, batch.labels, generator);
    });
    const [robust] = attacks;
    expect(robust!.report.correct).toBe(count(attacked));
    expect(robust!.report.predicted).toEqual([0, 1, 2].map((k) => attacked.filter((l) => l === k).length));
    expect(robust!.report.correct).toBeLessThan(clean.correct);
  });

  it("gives an attack the same numbers whatever runs beside it", async () => {
    const others = [namedAttack("cw-3"), ...options.attacks, namedAttack("pgd-2")];
    const alone = await evaluate(options);
    const among = await evaluate({ ...options, attacks: others });
    expect(among.attacks.map(({ name }) => name)).toEqual(["cw-3", "pgd-5", "pgd-2"]);
    expect(among.attacks[1]!.report).toEqual(alone.attacks[0]!.report);
    expect(among.clean).toEqual(alone.clean);
  });

  it("draws from the seed, the attack's name and the batch", async () => {
    const draws = async (seed: number) => {
      const seen: number[] = [];
      const attack: Attack = {
        name: "probe",
        perturb: (_model, given, _labels, generator) => {
          seen.push(rand([1], generator).item());
          return given;
        },
      };
      const attacks = [
        { name: "one", attack },
        { name: "two", attack },
      ];
      await evaluate({ ...options, attacks, seed });
      return seen;
    };
    const first = await draws(1);
    expect(new Set(first).size).toBe(6);
    expect(await draws(1)).toEqual(first);
    expect(new Set([...first, ...(await draws(2))]).size).toBe(12);
  });

  it("may spend no attack on what is misclassified anyway", async () => {
    const sizes: number[] = [];
    const inner = options.attacks[0]!.attack;
    const attack: Attack = {
      name: "counted",
      perturb: (of, given, theirs, generator) => {
        sizes.push(given.shape[0]!);
        return inner.perturb(of, given, theirs, generator);
      },
    };
    const { clean, attacks } = await evaluate({
      ...options,
      skipMisclassified: true,
      attacks: [{ name: "pgd-5", attack }],
    });
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(clean.correct);
    expect(attacks[0]!.report.total).toBe(20);
    expect(attacks[0]!.report.correct).toBeLessThan(clean.correct);
  });

  it("measures in mode eval and leaves the model as it was", async () => {
    const state = () => [...model.stateDict().values()].map((tensor) => tensor.toArray());
    const before = state();
    model.setMode("batch");
    await evaluate(options);
    expect(model.mode).toBe("batch");
    model.setMode("train");
    expect(state()).toEqual(before);
  });

  it("makes examples in mode fast only for attacks that leave the verdict to it", async () => {
    const modes = async (followsGradients?: boolean) => {
      const seen: string[] = [];
      const attack: Attack = {
        name: "a",
        ...(followsGradients === undefined ? {} : { followsGradients }),
        perturb: (_, batch) => {
          seen.push(model.mode);
          return batch.clone();
        },
      };
      const judged: string[] = [];
      const classify = model.classify.bind(model);
      model.classify = (features) => {
        judged.push(model.mode);
        return classify(features);
      };
      await evaluate({ ...options, attacks: [{ name: "a", attack }] });
      model.classify = classify;
      expect(new Set(judged)).toEqual(new Set(["frozen"]));
      return new Set(seen);
    };
    expect(await modes(true)).toEqual(new Set(["fast"]));
    expect(await modes()).toEqual(new Set(["frozen"]));
    const budget = { norm: "linf", epsilon: 0.1, steps: 1, stepSize: 0.1 } as const;
    expect(pgd(budget).followsGradients).toBe(true);
    expect(namedAttack("fgsm").attack.followsGradients).toBe(true);
    expect(namedAttack("mim-2").attack.followsGradients).toBe(true);
    expect(namedAttack("square").attack.followsGradients).toBeUndefined();
  });

  it("tells how far it is", async () => {
    const seen: EvaluationProgress[] = [];
    await evaluate({ ...options, onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ stage, done, total }) => `${stage} ${done}/${total}`)).toEqual([
      ...[0, 1, 2, 3].map((done) => `clean ${done}/3`),
      ...[0, 1, 2, 3].map((done) => `pgd-5 ${done}/3`),
    ]);
    expect(seen[0]!.secondsLeft).toBe(null);
    expect(seen.at(-1)!.secondsLeft).toBe(0);
  });

  it("stops after the running batch when it is told to", async () => {
    const controller = new AbortController();
    let done = 0;
    const stopped = evaluate({
      ...options,
      signal: controller.signal,
      onProgress: (progress) => {
        done = progress.done;
        if (progress.stage === "pgd-5" && done === 1) controller.abort(new Error("enough"));
      },
    });
    await expect(stopped).rejects.toThrow("enough");
    expect(done).toBe(1);
  });

  it("lets timers run between batches", async () => {
    let turns = 0;
    const timer = setImmediate(function count() {
      turns += 1;
      again = setImmediate(count);
    });
    let again = timer;
    await evaluate(options);
    clearImmediate(again);
    expect(turns).toBeGreaterThanOrEqual(5);
  });

  it("refuses logits that are NaN, an attack listed twice, and nothing to measure", async () => {
    const broken = new TinyModel();
    noGrad(() => broken.head.parameters()[0]!.fill_(Number.NaN));
    await expect(evaluate({ ...options, model: broken, attacks: [] })).rejects.toMatchObject({
      code: "numerics",
      message: expect.stringMatching(/^The model gave 60 logits that are NaN or infinite \(clean\)/),
    });
    const [attack] = options.attacks;
    await expect(evaluate({ ...options, attacks: [attack!, attack!] })).rejects.toThrow(
      /pgd-5 is listed twice/,
    );
    await expect(evaluate({ ...options, batches: { ...batches, count: 0 } })).rejects.toThrow(/no image/);
  });

  it("refuses labels that are no class of the model, and images outside [0, 1]", async () => {
    const foreign = {
      count: 1,
      batch: () => ({ images: images.slice(0, 0, 4), labels: labels.slice(0, 0, 4).add(2) }),
    };
    const none = { ...options, attacks: [] };
    await expect(evaluate({ ...none, batches: foreign })).rejects.toMatchObject({
      code: "data",
      message: expect.stringMatching(
        /labels are no class of the model \(clean\), which has the classes 0 to 2/,
      ),
    });
    const bright = { count: 1, batch: () => ({ images: images.mul(255), labels }) };
    await expect(evaluate({ ...options, batches: bright })).rejects.toThrow(
      /Attack pgd-5 takes images in \[0, 1\], got values from/,
    );
  });

  it.each([
    [
      "memory",
      "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 8.00 GiB of which 1.00 GiB is free. Of the allocated memory 6.00 GiB is allocated by PyTorch, and 0 bytes is reserved by PyTorch but unallocated.",
      "In the evaluation (failing), batch 2 of 3: memory ran out with batches of 8 images (2.0 GiB more did not fit into the 8.0 GiB of cuda:0, of which 1.0 GiB were free); batches of 4 would probably fit.",
    ],
    [
      "device",
      "CUDA error: an illegal memory access was encountered",
      "In the evaluation (failing), batch 2 of 3: the GPU failed (CUDA error: an illegal memory access was encountered).",
    ],
  ])("says of exhausted resources (%s) in which batch, and what would fit", async (code, said, message) => {
    let calls = 0;
    const perturb: Attack["perturb"] = (_, given) => {
      calls += 1;
      if (calls < 2) return given.clone();
      return asTensorError(() => {
        throw new Error(said);
      });
    };
    const failing = { name: "failing", attack: { name: "failing", perturb } };
    await expect(evaluate({ ...options, attacks: [failing] })).rejects.toMatchObject({ code, message });
  });

  it("says the same of AutoAttack, with the attack that ran", async () => {
    class Exhausted extends TinyModel {
      calls = 0;
      override logits(given: Tensor): Tensor {
        this.calls += 1;
        if (this.calls < 8) return super.logits(given);
        return asTensorError(() => {
          throw new Error(
            "[enforce fail at alloc_cpu.cpp:75] err == 0. DefaultCPUAllocator: can't allocate memory",
          );
        });
      }
    }
    const ensemble = evaluationAttack("autoattack:apgd-ce");
    if (!isEnsemble(ensemble)) throw new Error("an ensemble is asked for");
    await expect(measureEnsemble({ ...options, model: new Exhausted() }, ensemble)).rejects.toMatchObject({
      code: "memory",
      message: expect.stringMatching(
        /^In the evaluation \(autoattack:apgd-ce: apgd-ce\): memory ran out with batches of 8 images .*batches of 4 would probably fit\.$/,
      ),
    });
  });

  it("leaves no tensor behind, also when it fails", async () => {
    await evaluate(options);
    const before = liveTensors();
    await evaluate(options);
    const failing = { name: "failing", attack: { name: "failing", perturb: () => full([1], 0) } };
    await expect(evaluate({ ...options, attacks: [failing] })).rejects.toThrow();
    expect(liveTensors()).toBe(before);
  });
});
