// Finds the word that a user probably meant.

/** The smallest number of inserted, deleted, changed or swapped neighbouring letters that turns `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, beforeLast[j - 2]! + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/** The accepted word nearest to `given`, letter case aside, or undefined where none is near enough to be meant. */
export function nearest(given: string, accepted: readonly string[]): string | undefined {
  const wanted = given.toLowerCase();
  let best: { word: string; distance: number } | undefined;
  for (const word of accepted) {
    const distance = editDistance(wanted, word.toLowerCase());
    if (!best || distance < best.distance) best = { word, distance };
  }
  return best && best.distance <= Math.max(2, Math.floor(given.length / 3)) ? best.word : undefined;
}
