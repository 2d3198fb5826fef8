// Whether the network can train on the last batch of an epoch.
import { ReatError } from "../errors.js";
import { noGrad, scope, zeros } from "../tensor/index.js";
import { assembleModel } from "./assemble.js";
import type { ExperimentConfig } from "./config/index.js";
import type { ExperimentData } from "./data.js";

/**
 * Batch normalisation over a single value gives nothing but zeros and a variance that is not a number. That is met where
 * the last batch has one image and the network's maps end at one pixel.
 * @throws ReatError `config` naming batch sizes that fit
 */
export function requireWholeLastBatch(config: ExperimentConfig, data: ExperimentData): void {
  const { batchSize, dropLast } = config.training;
  const images = data.subset.train.length;
  requirePartsOfLastBatch(config, data);
  if (dropLast || images % batchSize !== 1 || takesOneImage(config, data)) return;
  const fitting = [batchSize - 1, batchSize + 1].filter((size) => size > 1 && images % size !== 1);
  const sizes =
    fitting.length > 0 ? `training.batchSize ${fitting.join(" or ")}` : "another training.batchSize";
  throw new ReatError(
    "config",
    `${images} training images in batches of ${batchSize} end in a batch of one, and at ${data.dataset.height}×${data.dataset.width} pixels the network's last maps are one pixel large: there is nothing to take batch normalisation over. Accepted: ${sizes}, or training.dropLast: true, which leaves the last batch out.`,
  );
}

/** Each part needs an image, and two where one gives nothing to take batch normalisation over. */
function requirePartsOfLastBatch(config: ExperimentConfig, data: ExperimentData): void {
  const { batchSize, dropLast, shards } = config.training;
  if (shards === 1) return;
  const images = data.subset.train.length;
  const last = dropLast || images % batchSize === 0 ? batchSize : images % batchSize;
  const smallest = Math.floor(last / shards);
  if (smallest > 1 || (smallest === 1 && takesOneImage(config, data))) return;
  const most = Math.max(1, Math.floor(last / 2));
  throw new ReatError(
    "config",
    `training.shards is ${shards}, and the last batch of an epoch has ${last} images, too few for that many parts with batch normalisation of their own; accepted: at most ${most} parts${dropLast ? "" : ", or training.dropLast: true, which leaves the last batch out"}.`,
  );
}

function takesOneImage(config: ExperimentConfig, data: ExperimentData): boolean {
  const { height, width } = data.dataset;
  const model = assembleModel(config, data, "cpu");
  try {
    scope(() => noGrad(() => model.withMode("train", () => model.logits(zeros([1, 3, height, width])))));
    return true;
  } catch (error) {
    // Other errors appear where the network is used.
    return !(error instanceof ReatError && error.code === "numerics");
  } finally {
    model.dispose();
  }
}
