// Strong augmentation of a whole batch: each image has its own operations, equal ones are done together.
import { ReatError } from "../../errors.js";
import { scope, type Tensor, tensor } from "../../tensor/index.js";
import { CounterRandom, mixSeed } from "../counter-random.js";
import type { AugmentationPolicy, PlannedOperation } from "./augmentation-policy.js";
import { autoAugment } from "./auto-augment.js";
import { type ImageOperation, imageOperations } from "./image-operations.js";
import { randAugment } from "./rand-augment.js";

/** "randaugment": two of fourteen operations at strength 8 of 30; "autoaugment": the policy found for CIFAR-10. */
export const strongAugmentations = {
  randaugment: randAugment({ operations: 2, magnitude: 8 }),
  autoaugment: autoAugment,
} satisfies Record<string, AugmentationPolicy>;
/** The name of an augmentation before crop and flip. */
export type StrongAugmentation = keyof typeof strongAugmentations;

// Keeps these draws apart from those of crop and mirror under the same seed.
const stream = 0x57a6;

/** Draws for `count` images. They depend on seed, epoch and batch alone, so a resumed run draws the same. */
export function drawOperations(
  policy: AugmentationPolicy,
  count: number,
  size: { readonly height: number; readonly width: number },
  [seed, epoch, batch]: readonly [seed: number, epoch: number, batch: number],
): PlannedOperation[][] {
  const random = new CounterRandom(mixSeed(seed, epoch, batch, stream));
  return Array.from({ length: count }, () => [...policy(random, size)]);
}

/**
 * Does what was drawn, operation by operation.
 * @param images uint8 `[N, 3, H, W]`, left as they are
 * @returns uint8 of the same shape
 * @throws ReatError `data` when there is not one plan for each image
 */
export function applyOperations(images: Tensor, plans: readonly (readonly PlannedOperation[])[]): Tensor {
  if (plans.length !== images.shape[0]) {
    throw new ReatError("data", `${plans.length} plans were given for a batch of ${images.shape[0]} images.`);
  }
  return scope(() => {
    const result = images.to("float32");
    const rounds = Math.max(0, ...plans.map((plan) => plan.length));
    for (let position = 0; position < rounds; position++) {
      for (const [operation, members] of groupAt(plans, position)) {
        scope(() => {
          const index = tensor(
            members.map(([image]) => image),
            { dtype: "int64", device: images.device },
          );
          const magnitudes = members.map(([, magnitude]) => magnitude);
          result.indexCopy_(0, index, imageOperations[operation](result.indexSelect(0, index), magnitudes));
        });
      }
    }
    return result.to("uint8");
  });
}

function groupAt(plans: readonly (readonly PlannedOperation[])[], position: number) {
  const groups = new Map<ImageOperation, [image: number, magnitude: number][]>();
  for (const [image, plan] of plans.entries()) {
    const planned = plan[position];
    if (!planned || planned.operation === "identity") continue;
    const group = groups.get(planned.operation) ?? [];
    group.push([image, planned.magnitude]);
    groups.set(planned.operation, group);
  }
  return groups;
}
