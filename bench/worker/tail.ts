// Value and gradient of TAIL for a batch of features.
import { Generator, grad, rand, scope, tailRegulariser, tensor } from "reat";
import { keep } from "reat/tensor";
import type { TailWork } from "../work.js";
import type { Run } from "./run.js";

export function prepareTail({ counts, features: size, batchSize }: TailWork): Run {
  const generator = new Generator(0);
  const features = keep(rand([batchSize, size], generator)).requiresGrad_();
  const total = counts.reduce((sum, count) => sum + count, 0);
  // The batch has each class in proportion to its share: image i stands for the image at the same relative place in the whole set.
  const edges = counts.map((_, label) => counts.slice(0, label + 1).reduce((sum, count) => sum + count, 0));
  const ids = Int32Array.from({ length: batchSize }, (_, i) => {
    const place = ((i + 0.5) / batchSize) * total;
    return edges.findIndex((edge) => place < edge);
  });
  const labels = keep(scope(() => tensor(ids, { dtype: "int32" }).to("int64")));
  const tail = tailRegulariser(counts, { form: "reference" });
  return () => {
    scope(() => grad(tail(features, labels), [features]));
    return {};
  };
}
