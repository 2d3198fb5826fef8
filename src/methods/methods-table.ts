// The sections of docs/methods.md, one a method, made from the registry so that they cannot go stale.
import type { MethodEntry } from "./method-entry.js";
import { type MethodOptions, methodNames, methods } from "./methods.js";

/** Constants of an option tree as "attack.steps 10"; numbers of grey levels as fractions of 255. */
function constantsOf(value: unknown, path: readonly string[] = []): string[] {
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, inside]) => constantsOf(inside, [...path, key]));
  }
  const levels = typeof value === "number" ? value * 255 : Number.NaN;
  const isGrey = /epsilon|stepSize/.test(path.at(-1) ?? "") && Math.abs(levels - Math.round(levels)) < 1e-9;
  return [`\`${path.join(".")}\` ${isGrey ? `${Math.round(levels)}/255` : String(value)}`];
}

/** The defaults of a method's options, by their keys, without its name. */
export function defaultConstants(name: keyof typeof methods): string[] {
  const { name: _, ...options } = methods[name].schema.parse({ name }) as { readonly name: string };
  return constantsOf(options);
}

/** Markdown with a section for each method: description, paper, preset and defaults. */
export function methodSections(): string {
  const sections = methodNames.map((name) => {
    const { description, paper, released } = methods[name] as MethodEntry<MethodOptions>;
    const source = released
      ? `Released code: ${released.repository} (${released.summary}); preset \`${released.preset}\`.`
      : `Preset: the common protocol, \`cifar10-lt-ur50-resnet18-${name}\`.`;
    return `## ${name}\n\n${description}\n\nPaper: ${paper}. ${source}\n\nDefaults: ${defaultConstants(name).join(", ")}.\n`;
  });
  return sections.join("\n");
}
