// Collects the images that attacks made, and writes them with the clean ones as one safetensors file.
import { writeDurably } from "../../durable-file.js";
import type { EvaluationBatches } from "../../evaluation/index.js";
import { scope } from "../../tensor/index.js";
import { encodeSafetensors, type StoredTensor, storeTensor } from "../../training/index.js";

/** Images of one attack, batch after batch. */
export interface CollectedImages {
  add(images: StoredTensor): void;
}

/** Adversarial images by the label of their attack. */
export class AdversarialImages {
  readonly #batches = new Map<string, StoredTensor[]>();

  /** Starts an attack's images; earlier ones of the same attack are dropped. */
  begin(label: string): CollectedImages {
    const list: StoredTensor[] = [];
    this.#batches.set(label, list);
    return { add: (images) => void list.push(images) };
  }

  /**
   * Writes `images` [N, 3, H, W] and `labels` [N] of what was measured, and for each attack `adversarial.<label>` of the
   * images' shape, all float32 in [0, 1] except the int64 labels; the metadata describe them.
   * @throws ReatError `disk`
   */
  async write(
    file: string,
    batches: EvaluationBatches,
    metadata: Readonly<Record<string, string>>,
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
    for (const [label, parts] of this.#batches) tensors.set(`adversarial.${label}`, joined(parts));
    await writeDurably(file, encodeSafetensors({ tensors, metadata }));
  }
}

function joined(parts: readonly StoredTensor[]): StoredTensor {
  const { dtype, shape } = parts[0]!;
  const count = parts.reduce((sum, part) => sum + part.shape[0]!, 0);
  return { dtype, shape: [count, ...shape.slice(1)], bytes: Buffer.concat(parts.map((part) => part.bytes)) };
}
