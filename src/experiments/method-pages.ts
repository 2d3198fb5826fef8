// What there is to know of a method before it is used: paper, presets, every option with what it accepts, an example.
import { stringify } from "yaml";
import { ReatError } from "../errors.js";
import { formatFraction } from "../fraction.js";
import {
  type MethodEntry,
  type MethodName,
  type MethodOptions,
  methodNames,
  methods,
  type ReleasedProtocol,
} from "../methods/index.js";
import { acceptedBy, type Shape, shapeOf } from "../schema-words.js";
import { isRecord, loadConfig, nearest, presetNames } from "./config/index.js";

/** One key of a method's options. */
export interface MethodOption {
  /** Dotted, below `method`. */
  readonly key: string;
  /** As it is written in YAML; null where the key is left out by default. */
  readonly default: string | null;
  /** In words. */
  readonly accepted: string;
}

/** A method as `reat methods` shows it. */
export interface MethodPage {
  readonly name: MethodName;
  readonly description: string;
  readonly paper: string;
  readonly released: ReleasedProtocol | null;
  /** Names of the presets that train with it. */
  readonly presets: readonly string[];
  readonly options: readonly MethodOption[];
  /** YAML of a configuration that uses it. */
  readonly example: string;
}

/** All methods, in the registry's order. */
export function methodPages(): MethodPage[] {
  const presets = presetNames().map((preset) => [preset, loadConfig(preset).method.name] as const);
  return methodNames.map((name) => {
    const { description, paper, released = null } = methods[name] as MethodEntry<MethodOptions>;
    const own = presets.filter(([, method]) => method === name).map(([preset]) => preset);
    return {
      name,
      description,
      paper,
      released,
      presets: own,
      options: optionsOf(name),
      example: exampleOf(name),
    };
  });
}

/** @throws ReatError `usage` naming the nearest method where there is none of that name */
export function methodPage(name: string): MethodPage {
  const page = methodPages().find((candidate) => candidate.name === name);
  if (page) return page;
  const guess = nearest(name, methodNames);
  throw new ReatError(
    "usage",
    `There is no method "${name}"${guess ? ` (did you mean "${guess}"?)` : ""}; accepted: ${methodNames.join(", ")}.`,
  );
}

function optionsOf(name: MethodName): MethodOption[] {
  const { schema } = methods[name];
  const shape = shapeOf(schema);
  const defaults: unknown = schema.parse({ name });
  return walk(name, shape, defaults, []).filter(({ key }) => key !== "name");
}

function walk(method: MethodName, shape: Shape, defaults: unknown, path: readonly string[]): MethodOption[] {
  return Object.entries(shape.properties ?? {}).flatMap(([name, inside]) => {
    const key = [...path, name].join(".");
    const value = isRecord(defaults) ? defaults[name] : undefined;
    if (!inside.properties) {
      const own = value === undefined ? inside.default : value;
      return [{ key, default: own === undefined ? null : written(own, name), accepted: acceptedBy(inside) }];
    }
    if (value !== undefined) return walk(method, inside, value, [...path, name]);
    // An object that may be left out: it and, for when it is there, its keys.
    const part = { key, default: null, accepted: "keys and values; {} for their defaults" };
    return [part, ...walk(method, inside, partDefaults(method, key), [...path, name])];
  });
}

/** Defaults inside a part that is left out by default. */
function partDefaults(method: MethodName, part: string): unknown {
  const options: unknown = methods[method].schema.parse({ name: method, [part]: {} });
  return isRecord(options) ? options[part] : undefined;
}

function written(value: unknown, name: string): string {
  if (typeof value === "number" && /^(epsilon|stepSize)$/.test(name)) return formatFraction(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function exampleOf(name: MethodName): string {
  const loss =
    "loss" in methods[name].schema.parse({ name }) ? { loss: name === "plain" ? "ce" : "bsl" } : {};
  const own = name === "trades" || name === "mart" ? {} : loss;
  const attack = name === "plain" ? {} : { attack: { epsilon: "8/255", stepSize: "2/255" } };
  return stringify({
    data: { source: "cifar10", subset: { profile: "exponential", imbalance: 50 } },
    model: { architecture: "resnet18", ...(name === "robal" && { classifier: "cosine" }) },
    method: { name, ...own, ...attack },
    training: { epochs: 80, milestones: [60, 75] },
  });
}
