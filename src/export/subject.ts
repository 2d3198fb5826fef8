// What is exported: a classifier with its description, and the weights by the names the field gives them.
import type { MethodEntry, MethodOptions } from "../methods/index.js";
import { methods } from "../methods/index.js";
import type { ImageClassifier } from "../nn/index.js";
import { noGrad, scope, tensor } from "../tensor/index.js";
import { type StoredTensor, storeTensor } from "../training/index.js";
import type { ClassifierDescription } from "./description.js";

/** A trained network and what it needs to classify. */
export interface ExportSubject {
  readonly description: ClassifierDescription;
  /** The network alone: normalised images to logits before any correction. */
  readonly network: ImageClassifier;
  /** Images [N, 3, H, W] in [0, 1] to the logits that classify [N, C]: normalisation and correction are inside. */
  readonly model: ImageClassifier;
}

/** The network's weights under the names of its published implementation. */
export function networkState({ network }: ExportSubject): Map<string, StoredTensor> {
  return new Map([...network.stateDict()].map(([name, value]) => [name, storeTensor(value)]));
}

/** A method's inference rule as scale and offsets, or that it is none of this form; null where it has none. */
export function correctionOf(
  options: MethodOptions,
  classCounts: readonly number[],
): ClassifierDescription["correction"] {
  const entry = methods[options.name] as MethodEntry<MethodOptions>;
  const rule = entry.inference?.(options, { classCounts });
  if (!rule) return null;
  const classes = classCounts.length;
  const at = (values: readonly number[]) =>
    scope(() =>
      noGrad(() =>
        rule(tensor(Float64Array.from(values)).reshape([1, classes]))
          .flatten()
          .toArray(),
      ),
    );
  const offsets = at(new Array<number>(classes).fill(0));
  const scale = at(new Array<number>(classes).fill(1))[0]! - offsets[0]!;
  const probe = Array.from({ length: classes }, (_, k) => Math.sin(3 * k + 1) * 2);
  const holds = at(probe).every(
    (value, k) => Math.abs(value - (scale * probe[k]! + offsets[k]!)) <= 1e-9 * (1 + Math.abs(value)),
  );
  return holds ? { scale, offsets } : "another formula";
}
