// Collects the images that attacks made, and writes them with the clean ones as one safetensors file.
import { requireMap, tsne } from "../../analysis/index.js";
import { writeDurably } from "../../durable-file.js";
import { ReatError } from "../../errors.js";
import type { EvaluationBatches, EvaluationProgress } from "../../evaluation/index.js";
import type { ImageClassifier } from "../../nn/index.js";
import { noGrad, scope, type Tensor, tensor } from "../../tensor/index.js";
import { encodeSafetensors, restoreTensor, type StoredTensor, storeTensor } from "../../training/index.js";

/** Images of one attack, batch after batch. */
export interface CollectedImages {
  add(images: StoredTensor): void;
}

/** A map of the features of attacked images is wanted: t-SNE. */
export interface FeatureMap {
  /** Effective number of neighbours; default: 30, or a third of the other images. */
  readonly perplexity?: number | undefined;
}

/** What a map is made with. */
export interface MapContext {
  readonly model: ImageClassifier;
  readonly onProgress?: ((progress: EvaluationProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Adversarial images by the label of their attack. */
export class AdversarialImages {
  readonly #batches = new Map<string, StoredTensor[]>();
  readonly #map: FeatureMap | null;

  /** @param map null if none is wanted */
  constructor(map: FeatureMap | null = null) {
    this.#map = map;
  }

  /** @throws ReatError `usage`, before any work, where a map is wanted that so many images do not have */
  requireMappable(images: number): void {
    if (this.#map === null) return;
    try {
      requireMap(images, this.#map.perplexity);
    } catch (cause) {
      throw new ReatError("usage", `--embedding: ${(cause as Error).message} --images chooses how many.`, {
        cause,
      });
    }
  }

  /** Starts an attack's images; earlier ones of the same attack are dropped. */
  begin(label: string): CollectedImages {
    const list: StoredTensor[] = [];
    this.#batches.set(label, list);
    return { add: (images) => void list.push(images) };
  }

  /** Forgets an attack's images. */
  drop(label: string): void {
    this.#batches.delete(label);
  }

  /** The images of an attack, [N, 3, H, W] float32 in [0, 1], in the order of the batches. */
  of(label: string): StoredTensor {
    return joined(this.#batches.get(label)!);
  }

  /** By class id: images that `model` classifies correctly when clean and wrongly under the attack. */
  lost(label: string, batches: EvaluationBatches, model: ImageClassifier): number[] {
    const counts = Array.from({ length: model.classes }, () => 0);
    const attacked = this.batchesOf(label, batches);
    for (let b = 0; b < batches.count; b++) {
      scope(() => {
        const { images, labels } = batches.batch(b);
        const right = (of: Tensor) =>
          model.withMode("frozen", () => noGrad(() => model.logits(of).argmax(1).eq(labels)));
        const gone = right(images).logicalAnd(right(attacked.batch(b).images).logicalNot());
        const [where, ids] = [gone.toArray(), labels.toArray()];
        for (const [i, id] of ids.entries()) if (where[i]) counts[id]! += 1;
      });
    }
    return counts;
  }

  /** The images of an attack in the batches of the clean ones. */
  batchesOf(label: string, batches: EvaluationBatches): EvaluationBatches {
    const attacked = this.of(label);
    const bytes = attacked.bytes.length / attacked.shape[0]!;
    const starts = [0];
    for (let b = 0; b < batches.count; b++) {
      starts.push(starts[b]! + scope(() => batches.batch(b).labels.shape[0]!));
    }
    return {
      count: batches.count,
      batch: (b) => {
        const { labels } = batches.batch(b);
        const [first, end] = [starts[b]!, starts[b + 1]!];
        const part = {
          dtype: attacked.dtype,
          shape: [end - first, ...attacked.shape.slice(1)],
          bytes: attacked.bytes.subarray(first * bytes, end * bytes),
        };
        return { images: restoreTensor(part).to(labels.device), labels };
      },
    };
  }

  /** `images` [N, 3, H, W] float32 in [0, 1] and `labels` int64 [N] of all batches. */
  clean(batches: EvaluationBatches): { readonly images: StoredTensor; readonly labels: StoredTensor } {
    const all = Array.from({ length: batches.count }, (_, b) =>
      scope(() => {
        const { images, labels } = batches.batch(b);
        return [storeTensor(images), storeTensor(labels)] as const;
      }),
    );
    return { images: joined(all.map(([images]) => images)), labels: joined(all.map(([, labels]) => labels)) };
  }

  /**
   * Writes `images` [N, 3, H, W] and `labels` [N] of what was measured, and for each attack `adversarial.<label>` of the
   * images' shape, all float32 in [0, 1] except the int64 labels; the metadata describe them. Where a map is wanted, also
   * `features.<label>` [N, D] of the attacked images as the last layer sees them, and `embedding.<label>` [N, 2].
   * @throws ReatError `disk`, or `numerics` for features that are not finite; the signal's reason when it is aborted
   */
  async write(
    file: string,
    batches: EvaluationBatches,
    metadata: Readonly<Record<string, string>>,
    context: MapContext,
  ): Promise<void> {
    const tensors = new Map<string, StoredTensor>(Object.entries(this.clean(batches)));
    for (const [label, parts] of this.#batches) {
      tensors.set(`adversarial.${label}`, joined(parts));
      if (this.#map === null) continue;
      const features = joined(parts.map((part) => featuresOf(part, context.model)));
      tensors.set(`features.${label}`, features);
      tensors.set(`embedding.${label}`, await embedding(features, label, this.#map, context));
    }
    await writeDurably(file, encodeSafetensors({ tensors, metadata }));
  }
}

/** As they are where predictions are made. */
function featuresOf(images: StoredTensor, model: ImageClassifier): StoredTensor {
  return scope(() => {
    const attacked = restoreTensor(images).to(model.parameters()[0]!.device);
    return storeTensor(model.withMode("frozen", () => noGrad(() => model.features(attacked))).to("float32"));
  });
}

async function embedding(
  stored: StoredTensor,
  label: string,
  { perplexity }: FeatureMap,
  { onProgress, signal }: MapContext,
): Promise<StoredTensor> {
  using features: Tensor = restoreTensor(stored);
  const start = performance.now();
  const { points } = await tsne(features, {
    ...(perplexity !== undefined && { perplexity }),
    signal,
    onProgress: ({ done, total }) => {
      const secondsLeft = ((performance.now() - start) / 1000 / done) * (total - done);
      onProgress?.({ stage: `t-SNE of ${label}`, done, total, secondsLeft });
    },
  });
  using map = tensor(points.map((point) => [...point]));
  return storeTensor(map);
}

function joined(parts: readonly StoredTensor[]): StoredTensor {
  const { dtype, shape } = parts[0]!;
  const count = parts.reduce((sum, part) => sum + part.shape[0]!, 0);
  return { dtype, shape: [count, ...shape.slice(1)], bytes: Buffer.concat(parts.map((part) => part.bytes)) };
}
