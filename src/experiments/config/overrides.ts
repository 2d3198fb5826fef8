// Changes single keys of a configuration: `training.epochs=3`, the value read as YAML.
import { ReatError } from "../../errors.js";
import { parseYaml } from "../../yaml-text.js";

/** A configuration before it is checked: what YAML holds. */
export type RawConfig = Readonly<Record<string, unknown>>;

/**
 * A copy of `raw` with each `key.path=value` put in, later ones over earlier ones. Whether the keys exist is the schema's
 * business.
 * @throws ReatError `usage` for a text that is no assignment or whose value is no YAML
 */
export function applyOverrides(raw: RawConfig, assignments: readonly string[]): RawConfig {
  const result = structuredClone(raw) as Record<string, unknown>;
  for (const assignment of assignments) {
    const { path, value } = parseAssignment(assignment);
    let place = result;
    for (const key of path.slice(0, -1)) {
      if (!isRecord(place[key])) place[key] = {};
      place = place[key] as Record<string, unknown>;
    }
    place[path.at(-1)!] = value;
  }
  return result;
}

/** True for what YAML calls a mapping. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseAssignment(text: string): { path: string[]; value: unknown } {
  const at = text.indexOf("=");
  const path = text.slice(0, Math.max(at, 0)).trim().split(".");
  if (at < 0 || !path.every((key) => /^[A-Za-z][A-Za-z0-9]*$/.test(key))) {
    throw new ReatError(
      "usage",
      `"${text}" sets nothing; accepted is key=value with a dotted key, such as training.epochs=3.`,
    );
  }
  const value = text.slice(at + 1);
  try {
    return { path, value: parseYaml(value) };
  } catch (error) {
    throw new ReatError("usage", `The value of "${text}" is no YAML: ${(error as Error).message}.`);
  }
}
