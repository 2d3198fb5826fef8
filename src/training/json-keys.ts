// Finds keys that a JSON text has twice in one object, which JSON.parse passes over without a word.

/** The first such key; null where there is none. @param text JSON that `JSON.parse` has read */
export function duplicateKey(text: string): string | null {
  const objects: (Set<string> | null)[] = [];
  // A text is a key where an object's next is one: after its brace and after each of its commas.
  let keyNext = false;
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]/g)) {
    switch (token) {
      case "{":
        objects.push(new Set());
        keyNext = true;
        break;
      case "[":
        objects.push(null);
        break;
      case "}":
      case "]":
        objects.pop();
        keyNext = false;
        break;
      case ",":
        keyNext = objects.at(-1) instanceof Set;
        break;
      default: {
        const keys = objects.at(-1);
        if (!keyNext || !keys) break;
        const key = JSON.parse(token) as string;
        if (keys.has(key)) return key;
        keys.add(key);
        keyNext = false;
      }
    }
  }
  return null;
}
