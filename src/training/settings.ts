// What two configurations disagree on, by dotted key.

type Json = Readonly<Record<string, unknown>>;

/** One text per key: "training.batchSize was 128 and is 64". */
export function settingsDifferences(before: Json, now: Json): string[] {
  const [old, current] = [flatten(before), flatten(now)];
  const keys = [...new Set([...old.keys(), ...current.keys()])];
  const shown = (value: string | undefined) => value ?? "absent";
  return keys
    .filter((key) => old.get(key) !== current.get(key))
    .map((key) => `${key} was ${shown(old.get(key))} and is ${shown(current.get(key))}`);
}

function flatten(value: unknown, path = "", into = new Map<string, string>()): Map<string, string> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    for (const [key, inside] of Object.entries(value)) {
      flatten(inside, path ? `${path}.${key}` : key, into);
    }
  } else if (value !== undefined) {
    // As JSON, which is what the checkpoint holds: a list is one value.
    into.set(path, JSON.stringify(value));
  }
  return into;
}
