// Moves labels apart so that none covers another, each as near to its place as the others allow.

/**
 * Positions at least `gap` apart inside [low, high], in the order of the wanted positions, with the least squared
 * displacement (pool-adjacent-violators). Too many labels for the room are spread evenly over it.
 */
export function spreadLabels(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const count = wanted.length;
  if (count === 0) return [];
  const room = (high - low) / Math.max(1, count - 1);
  const space = Math.min(gap, room);
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]! || a - b);
  // With the gaps taken out, "apart" becomes "not decreasing": isotonic regression.
  const pools: { sum: number; size: number }[] = [];
  order.forEach((index, rank) => {
    pools.push({ sum: wanted[index]! - rank * space, size: 1 });
    while (pools.length > 1 && mean(pools.at(-2)!) > mean(pools.at(-1)!)) {
      const last = pools.pop()!;
      pools.at(-1)!.sum += last.sum;
      pools.at(-1)!.size += last.size;
    }
  });
  const placed = new Array<number>(count);
  const top = high - (count - 1) * space;
  let rank = 0;
  for (const pool of pools) {
    const base = Math.min(Math.max(mean(pool), low), top);
    for (let i = 0; i < pool.size; i++, rank++) placed[order[rank]!] = base + rank * space;
  }
  return placed;
}

function mean(pool: { sum: number; size: number }): number {
  return pool.sum / pool.size;
}
