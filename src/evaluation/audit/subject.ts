// The model under audit with its images and budget; attacks that several checks ask for run once.
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type Attack,
  type AttackObjective,
  type Classifier,
  type NormName,
  pgd,
} from "../../attacks/index.js";
import { mixSeed } from "../../data/index.js";
import { ReatError } from "../../errors.js";
import type { ImageClassifier } from "../../nn/index.js";
import { Generator, noGrad, scope, type Tensor } from "../../tensor/index.js";
import type { EvaluationBatches } from "../evaluate.js";
import type { Standing } from "./comparison.js";

/** What is audited, and with what budget. */
export interface SubjectOptions {
  /** In mode "frozen" while it is audited; its own mode is restored. */
  readonly model: ImageClassifier;
  readonly batches: EvaluationBatches;
  readonly norm: NormName;
  /** Radius of the ball. */
  readonly epsilon: number;
  /** Of the attacks that follow gradients. */
  readonly stepSize: number;
  /** Steps of the plain attack. Default: 20. */
  readonly steps?: number;
  /** Queries per image of the black-box attack. Default: 500. */
  readonly queries?: number;
  /** Another model of the same task, for the transfer check. */
  readonly surrogate?: Classifier | undefined;
  /** Every attack begins a batch with the same random numbers, so that differences do not come from the start. */
  readonly seed: number;
  /** Called before the first batch of a stage and after each. */
  readonly onBatch?: ((stage: string, done: number, total: number) => void) | undefined;
  /** What earlier work on the same subject found, as `found` gave it: its attacks are not run again. */
  readonly known?: Flags | undefined;
  /** Called after each attack. */
  readonly onFound?: ((found: Flags) => void | Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** For each attack's name one character per image, "1" where it stands. */
export type Flags = Readonly<Record<string, string>>;

/** A batch of images with labels. */
export interface SubjectBatch {
  readonly images: Tensor;
  readonly labels: Tensor;
  /** Restarted from seed and batch. */
  readonly generator: Generator;
}

/** Constants of PGD that a check changes. */
export interface Variation {
  readonly steps?: number;
  readonly epsilon?: number;
  readonly stepSize?: number;
  readonly restarts?: number;
  readonly objective?: AttackObjective;
}

export class AuditSubject {
  readonly steps: number;
  readonly queries: number;
  readonly surrogate: Classifier | null;
  /** Gradients per image that this subject spent on attacks, and those that earlier work saved. */
  spent = 0;
  spared = 0;
  readonly #known = new Map<string, Standing>();
  readonly #earlier: ReadonlyMap<string, string>;

  constructor(readonly options: SubjectOptions) {
    if (options.batches.count === 0) throw new ReatError("data", "There is no image to audit the model on.");
    this.steps = options.steps ?? 20;
    this.queries = options.queries ?? 500;
    this.surrogate = options.surrogate ?? null;
    this.#earlier = new Map(Object.entries(options.known ?? {}));
  }

  /** Runs `body` on every batch, letting other work run in between. `body` must not return tensors. */
  async each<T>(stage: string, body: (model: Classifier, batch: SubjectBatch) => T): Promise<T[]> {
    const { model, batches, seed, onBatch, signal } = this.options;
    const generator = new Generator(seed, model.parameters()[0]!.device);
    const results: T[] = [];
    onBatch?.(stage, 0, batches.count);
    for (let index = 0; index < batches.count; index++) {
      signal?.throwIfAborted();
      generator.reseed(mixSeed(seed, index));
      results.push(
        scope(() => {
          const { images, labels } = batches.batch(index);
          return model.withMode("frozen", () => body(model, { images, labels, generator }));
        }),
      );
      onBatch?.(stage, index + 1, batches.count);
      await nextTurn();
    }
    return results;
  }

  /** What the attacks found, earlier work's included. */
  get found(): Flags {
    const own = [...this.#known].map(([name, standing]) => [name, standing.map(Number).join("")]);
    return Object.fromEntries([...this.#earlier, ...own]);
  }

  /** Which images are classified correctly without an attack. */
  clean(): Promise<Standing> {
    return this.#once("clean", 0.4, (images) => images);
  }

  /**
   * Which images stand under an attack. The name must determine the attack: each name is run once.
   * @param cost gradients per image
   */
  under(attack: Attack, cost: number): Promise<Standing> {
    return this.#once(attack.name, cost, (images, labels, model, generator) =>
      attack.perturb(model, images, labels, generator),
    );
  }

  /** PGD on the cross entropy within the budget, or a variation of it. */
  pgd(name: string, { steps = this.steps, ...changes }: Variation = {}): Attack {
    const { norm, epsilon, stepSize } = this.options;
    return pgd({ norm, epsilon, stepSize, steps, start: "uniform", clampStart: true, ...changes, name });
  }

  /** Which images stand under the plain attack. */
  plain(): Promise<Standing> {
    return this.under(this.pgd(`pgd-${this.steps}`), this.steps);
  }

  async #once(
    name: string,
    cost: number,
    attack: (images: Tensor, labels: Tensor, model: Classifier, generator: Generator) => Tensor,
  ): Promise<Standing> {
    const known = this.#known.get(name);
    if (known) return known;
    const earlier = this.#earlier.get(name);
    if (earlier !== undefined) {
      this.spared += cost;
      return this.#remember(
        name,
        [...earlier].map((flag) => flag === "1"),
      );
    }
    const each = cost / this.options.batches.count;
    const flags = await this.each(name, (model, { images, labels, generator }) => {
      const logits = noGrad(() => model.logits(attack(images, labels, model, generator)));
      if (!logits.isFinite().all().item()) {
        throw new ReatError(
          "numerics",
          `The model gave logits that are NaN or infinite (${name}), so it cannot be audited.`,
        );
      }
      this.spent += each;
      return logits.argmax(1).eq(labels).to("uint8").toArray();
    });
    const standing = this.#remember(
      name,
      flags.flat().map((flag) => flag === 1),
    );
    await this.options.onFound?.(this.found);
    return standing;
  }

  #remember(name: string, standing: Standing): Standing {
    this.#known.set(name, standing);
    return standing;
  }
}
