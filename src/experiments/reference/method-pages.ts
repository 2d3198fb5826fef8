// Everything about a method before it is used: paper, presets, every option with what it accepts, an example.
import { stringify } from "yaml";
import { ReatError } from "../../errors.js";
import {
  type MethodEntry,
  type MethodName,
  type MethodOptions,
  methodNames,
  methods,
  type ReleasedProtocol,
} from "../../methods/index.js";
import { loadConfig, nearest, presetNames } from "../config/index.js";
import { type OptionRow, optionRows } from "./option-rows.js";

/** A method as `reat methods` shows it. */
export interface MethodPage {
  readonly name: MethodName;
  /** As papers write it. */
  readonly title: string;
  readonly description: string;
  readonly paper: string;
  readonly released: ReleasedProtocol | null;
  /** Names of the presets that train with it. */
  readonly presets: readonly string[];
  /** Keys below `method`. */
  readonly options: readonly OptionRow[];
  /** YAML of a configuration that uses it. */
  readonly example: string;
}

/** All methods, in the registry's order. */
export function methodPages(): MethodPage[] {
  const presets = presetNames().map((preset) => [preset, loadConfig(preset).method.name] as const);
  return methodNames.map((name) => {
    const entry = methods[name] as MethodEntry<MethodOptions>;
    const { title, description, paper, released = null } = entry;
    return {
      ...{ name, title, description, paper, released },
      presets: presets.filter(([, method]) => method === name).map(([preset]) => preset),
      options: optionRows(entry.schema, { name }).filter(({ key }) => key !== "name"),
      example: exampleOf(name, entry),
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

function exampleOf(name: MethodName, { example }: MethodEntry<MethodOptions>): string {
  return stringify({
    data: { source: "cifar10", subset: { profile: "exponential", imbalance: 50 } },
    model: { architecture: "resnet18", ...example?.model },
    method: { name, ...example?.method },
    training: { epochs: 80, milestones: [60, 75] },
  });
}
