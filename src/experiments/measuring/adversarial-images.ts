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
    const all = Array.from({ length: batches.count }, (_, b) =>
      scope(() => {
        const { images, labels } = batches.batch(b);
        return [storeTensor(images), storeTensor(labels)] as const;
      }),
    );
    const tensors = new Map([
      ["images", joined(all.map(([images]) => images))],
      ["labels", joined(all.map(([, labels]) => labels))],
    ]);
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
