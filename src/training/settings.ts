// What two configurations disagree on, by dotted key.

type Json = Readonly<Record<string, unknown>>;

/** Hashes of the images that a run is trained on, by the configuration's part that tells of its data. */
const imageHashes = ["data.subsetHash", "data.contentHash"];

/** One text per key: "training.batchSize was 128 and is 64". Other images are told in words, since their hashes tell nothing. */
export function settingsDifferences(before: Json, now: Json): string[] {
  const [old, current] = [flatten(before), flatten(now)];
  // Checkpoints of earlier releases know nothing of the images' content, and some data have no checksum.
  if (!old.has("data.contentHash") || !current.has("data.contentHash")) {
    old.delete("data.contentHash");
    current.delete("data.contentHash");
  }
  const keys = [...new Set([...old.keys(), ...current.keys()])];
  const shown = (value: string | undefined) => value ?? "absent";
  const different = keys.filter((key) => old.get(key) !== current.get(key));
  const told = different
    .filter((key) => !imageHashes.includes(key))
    .map((key) => `${key} was ${shown(old.get(key))} and is ${shown(current.get(key))}`);
  // What is drawn otherwise has other images, too.
  if (told.some((text) => text.startsWith("data."))) return told;
  return different.some((key) => imageHashes.includes(key))
    ? [
        ...told,
        "the training images are not those that it was trained on, some were added, removed or replaced: put them back, or begin a new run",
      ]
    : told;
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
