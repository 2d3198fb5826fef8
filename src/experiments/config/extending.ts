// `extends: <preset or file>`: a configuration that says only what differs from another one.
import { isAbsolute, join } from "node:path";
import { ReatError } from "../../errors.js";
import { isRecord, type RawConfig } from "./overrides.js";

/** A configuration as its file holds it, and where that file lies. */
export interface ConfigSource {
  readonly raw: RawConfig;
  /** Full path of the file, for messages and to find a circle. */
  readonly file: string;
  readonly folder: string;
}

/**
 * The configuration laid over those that it extends. A key replaces the one of the same path, a list as a whole; a method of another
 * name replaces the extended one with all its keys.
 * @param read finds a preset or file by what `extends` says, a path from the folder of the file that says it
 * @throws ReatError `config` where `extends` names nothing, or leads back to a file that it came from
 */
export function extended(
  source: ConfigSource,
  read: (name: string) => ConfigSource,
  cameFrom: readonly string[] = [],
): RawConfig {
  // Editors' own key; the program has its schema.
  const { extends: base, $schema: _, ...own } = source.raw;
  if (base === undefined) return own;
  if (typeof base !== "string" || base === "") {
    throw new ReatError(
      "config",
      `extends in ${source.file} is ${JSON.stringify(base)}; accepted: the name of a preset or the path of a file.`,
    );
  }
  const trail = [...cameFrom, source.file];
  const below = read(isPath(base) && !isAbsolute(base) ? join(source.folder, base) : base);
  if (trail.includes(below.file)) {
    throw new ReatError("config", `extends goes in a circle: ${[...trail, below.file].join(" → ")}.`);
  }
  return laidOver(extended(below, read, trail), own);
}

function isPath(name: string): boolean {
  return /[/\\]|\.ya?ml$/i.test(name);
}

function laidOver(below: RawConfig, above: RawConfig): RawConfig {
  const result: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = below[key];
    const otherMethod =
      key === "method" && isRecord(under) && isRecord(value) && "name" in value && value.name !== under.name;
    result[key] = isRecord(under) && isRecord(value) && !otherMethod ? laidOver(under, value) : value;
  }
  return result;
}
