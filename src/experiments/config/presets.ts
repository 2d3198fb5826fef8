// The configurations that come with reat, by name.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ReatError } from "../../errors.js";
import { parseYaml } from "../../yaml-text.js";
import { type ConfigSource, extended } from "./extending.js";
import { nearest } from "./nearest.js";
import { isRecord, type RawConfig } from "./overrides.js";

// Two folders below the package's root, in the sources as in what is compiled from them.
const presetFolder = fileURLToPath(new URL("../../../configs", import.meta.url));

/** Names of the presets, sorted. */
export function presetNames(): string[] {
  return readdirSync(presetFolder)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();
}

/** Path of a preset's file. */
export function presetFile(name: string): string {
  return join(presetFolder, `${name}.yaml`);
}

/**
 * Reads a YAML file, or the preset of that name, with what it extends.
 * @throws ReatError `usage` where there is neither, `config` where the file holds no mapping
 */
export function readConfigFile(fileOrPreset: string): RawConfig {
  return extended(readSource(fileOrPreset), readSource);
}

function readSource(fileOrPreset: string): ConfigSource {
  const names = presetNames();
  const isPreset = names.includes(fileOrPreset);
  const file = isPreset ? presetFile(fileOrPreset) : fileOrPreset;
  if (!existsSync(file) || statSync(file).isDirectory()) {
    const guess = nearest(fileOrPreset, names);
    throw new ReatError(
      "usage",
      `"${fileOrPreset}" is neither a configuration file nor a preset${guess ? ` (did you mean "${guess}"?)` : ""}; ` +
        `presets: ${names.join(", ")}.`,
    );
  }
  const raw = parseConfigText(readFileSync(file, "utf8"), file);
  return { raw, file: resolve(file), folder: dirname(file) };
}

/**
 * @throws ReatError `config` where the text is no YAML mapping, or one without any key: an empty file is more likely an
 *   accident than a wish for the defaults
 */
export function parseConfigText(text: string, where: string): RawConfig {
  let parsed: unknown;
  try {
    parsed = parseYaml(text);
  } catch (error) {
    throw new ReatError("config", `${where} is no YAML: ${(error as Error).message}.`);
  }
  if (parsed === null || (isRecord(parsed) && Object.keys(parsed).length === 0)) {
    throw new ReatError(
      "config",
      `${where} is empty, and what is to be trained must be said: at least one key, such as method: { name: reat }, or a preset's name instead of the file.`,
    );
  }
  if (!isRecord(parsed)) {
    throw new ReatError("config", `${where} holds no keys and values; a configuration is a YAML mapping.`);
  }
  return parsed;
}
