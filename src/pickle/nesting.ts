// How deep the values of a pickle are nested.
import type { Pickled } from "./vocabulary.js";

/** Walks without recursion; what is referred to several times is entered once, at the first depth it is met at. */
export function isDeeper(root: Pickled, limit: number): boolean {
  const seen = new Set<Pickled>();
  let level: Pickled[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true;
    const next: Pickled[] = [];
    for (const value of level) {
      if (!(Array.isArray(value) || value instanceof Map) || seen.has(value)) continue;
      seen.add(value);
      for (const child of value.values()) if (typeof child === "object") next.push(child);
      if (value instanceof Map) for (const key of value.keys()) if (typeof key === "object") next.push(key);
    }
    level = next;
  }
  return false;
}
