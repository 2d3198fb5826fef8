// How far the classes lie apart among features: silhouettes.
import { ReatError } from "../errors.js";
import { eye, noGrad, oneHot, scope, type Tensor, tensor } from "../tensor/index.js";

/**
 * The mean silhouette of each class (Rousseeuw 1987): for a point, b − a over the larger of both, where a is its mean Euclidean distance to the
 * other points of its class and b that to the nearest other class. 1 is a class by itself, 0 one that lies among others, below 0 one whose points are
 * nearer to another class. A class of one point has 0, as in scikit-learn. O(N²) memory.
 * @param features [N, D], finite
 * @param labels class ids from 0, in the order of the features
 * @returns by class id; null for a class without points
 * @throws ReatError `config` where fewer than two classes have points, or the labels are not as many as the features
 */
export function silhouettes(features: Tensor, labels: readonly number[], classes: number): (number | null)[] {
  const [count] = features.shape;
  if (labels.length !== count) {
    throw new ReatError("config", `There are ${labels.length} labels for ${count} features.`);
  }
  const sizes = Array.from({ length: classes }, () => 0);
  for (const label of labels) sizes[label]! += 1;
  if (sizes.filter((size) => size > 0).length < 2) {
    throw new ReatError("config", "Silhouettes compare classes: points of at least two are needed.");
  }
  const sums = scope(() =>
    noGrad(() => {
      const points = features.to("float64");
      const ids = tensor(BigInt64Array.from(labels, BigInt), { dtype: "int64", device: features.device });
      const lengths = points.pow(2).sum([1]);
      const products = points.matmul(points.transpose(0, 1));
      const squares = lengths.unsqueeze(0).add(lengths.unsqueeze(1)).sub(products.mul(2)).clamp(0, null);
      // Rounding leaves a point at a tiny distance of itself.
      const others = eye(labels.length, { dtype: "float64", device: features.device }).neg().add(1);
      // Sums of distances to the points of each class, [N, C].
      return squares.sqrt().mul(others).matmul(oneHot(ids, classes).to("float64")).toArray();
    }),
  );
  const totals = Array.from({ length: classes }, () => 0);
  labels.forEach((own, i) => {
    if (sizes[own] === 1) return;
    const mean = (k: number) => sums[i * classes + k]! / (k === own ? sizes[k]! - 1 : sizes[k]!);
    const within = mean(own);
    const others = sizes.flatMap((size, k) => (size > 0 && k !== own ? [mean(k)] : []));
    const nearest = Math.min(...others);
    const larger = Math.max(within, nearest);
    totals[own]! += larger === 0 ? 0 : (nearest - within) / larger;
  });
  return totals.map((total, k) => (sizes[k] === 0 ? null : total / sizes[k]!));
}
