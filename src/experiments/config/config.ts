// Makes a complete, checked configuration from what a user wrote, and YAML from a configuration.
import { stringify } from "yaml";
import type { z } from "zod";
import type { Profile } from "../../data/index.js";
import { formatFraction, parseFraction } from "../../fraction.js";
import { type MethodOptions, methodNames, methodOptions, methods } from "../../methods/index.js";
import { contradictions } from "./contradictions.js";
import { nearest } from "./nearest.js";
import { applyOverrides, isRecord, type RawConfig } from "./overrides.js";
import { readConfigFile } from "./presets.js";
import { findProblems, type Problem, show, throwProblems } from "./problems.js";
import { experimentSchema, isNamedSource } from "./schema.js";

type Parsed = z.output<typeof experimentSchema>;

/** A complete, checked configuration: nothing is left to default. */
export interface ExperimentConfig extends Omit<Parsed, "name" | "data" | "method"> {
  readonly name: string;
  readonly data: Omit<Parsed["data"], "subset"> & {
    readonly subset: Parsed["data"]["subset"] & { readonly profile: Profile };
  };
  readonly method: MethodOptions;
}

// Keys whose texts may look like a fraction but are not numbers.
const textKeys = new Set(["name", "source", "architecture", "weights", "weightsKey", "device", "run"]);

/**
 * Checks a configuration and fills in the defaults. Numbers may be fractions ("8/255").
 * @throws ReatError `config` with every problem at once: the key, what it got, what it takes, the nearest key
 */
export function parseConfig(raw: unknown, where = "The configuration"): ExperimentConfig {
  const value = withFractions(raw ?? {});
  const problems = findProblems(experimentSchema, value);
  const given = isRecord(value) && isRecord(value.method) ? value.method : {};
  const method = { ...given, name: given.name ?? "reat" };
  const known = methodNames.find((name) => name === method.name);
  if (known) problems.push(...findProblems(methods[known].schema, method, ["method"]));
  else if (typeof method.name === "string") problems.push(unknownMethod(method.name));
  const parsed = experimentSchema.safeParse(value);
  const parsedMethod = methodOptions.safeParse(method);
  if (parsed.success) problems.push(...contradictions(parsed.data, parsedMethod.data));
  throwProblems(problems, where);

  const config = experimentSchema.parse(value);
  const { name = defaultName(config), ...rest } = config;
  const { source, subset } = config.data;
  const profile = subset.profile ?? (isNamedSource(source) ? "exponential" : "natural");
  return {
    name,
    ...rest,
    data: { ...config.data, subset: { ...subset, profile } },
    method: methodOptions.parse(method),
  };
}

/**
 * Reads a file or preset, applies the overrides, and checks the result.
 * @param overrides texts such as `training.epochs=3`
 * @throws ReatError `usage` or `config`
 */
export function loadConfig(fileOrPreset: string, overrides: readonly string[] = []): ExperimentConfig {
  return parseConfig(applyOverrides(readConfigFile(fileOrPreset), overrides), fileOrPreset);
}

/** The configuration as YAML that {@link parseConfig} reads back to the same values; budgets as fractions of 255. */
export function configToYaml(config: ExperimentConfig): string {
  const written = JSON.parse(
    JSON.stringify(config, (key, value: unknown) =>
      typeof value === "number" && (key === "epsilon" || key === "stepSize") ? formatExactly(value) : value,
    ),
  ) as RawConfig;
  return stringify(written, { lineWidth: 0 });
}

function formatExactly(value: number): number | string {
  const text = formatFraction(value);
  return text.includes("/") && parseFraction(text) === value ? text : value;
}

function withFractions(value: unknown, key = ""): unknown {
  if (typeof value === "string") {
    return textKeys.has(key) || !value.includes("/") ? value : (parseFraction(value) ?? value);
  }
  if (Array.isArray(value)) return value.map((entry) => withFractions(entry));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inside]) => [name, withFractions(inside, name)]),
  );
}

function unknownMethod(name: string): Problem {
  const guess = nearest(name, methodNames);
  return {
    key: "method.name",
    text: `is ${show(name)}${guess ? ` (did you mean "${guess}"?)` : ""}; accepted: ${methodNames.join(", ")}.`,
  };
}

function defaultName({ data, model, method }: Parsed): string {
  const source = data.source
    .replace(/[/\\]+$/, "")
    .split(/[/\\]/)
    .at(-1)!;
  const plain = source.replace(/\.(tar|tar\.gz|tgz|reatpack)$/i, "").replace(/[^A-Za-z0-9._-]+/g, "-");
  return `${plain.replace(/^[^A-Za-z0-9]+/, "") || "data"}-${model.architecture}-${method.name}`;
}
