// Every key of a configuration that can be looked up, the methods' own among them.
import { ReatError } from "../../errors.js";
import { methodNames } from "../../methods/index.js";
import { experimentSchema, nearest } from "../config/index.js";
import { methodPages } from "./method-pages.js";
import { type OptionRow, optionRows } from "./option-rows.js";

/** A key of a configuration. */
export type ConfigRow = OptionRow & {
  /** The methods that have the key, for keys below `method`. */
  readonly methods?: readonly string[];
};

/** All keys outside `method`, and `method.name`. */
export function configRows(): ConfigRow[] {
  return optionRows(experimentSchema).map((row) =>
    row.key === "method.name" ? { ...row, accepted: methodNames.join(", ") } : row,
  );
}

/** The keys below `method` of every method; one row for each default and meaning that a key has. */
export function methodRows(): ConfigRow[] {
  const rows = new Map<string, ConfigRow & { readonly methods: string[] }>();
  for (const { name, options } of methodPages()) {
    for (const option of options) {
      const row = { ...option, key: `method.${option.key}` };
      const identity = JSON.stringify(row);
      const known = rows.get(identity);
      if (known) known.methods.push(name);
      else rows.set(identity, { ...row, methods: [name] });
    }
  }
  return [...rows.values()];
}

/**
 * The rows of a key, or of all keys below it.
 * @param key dotted: "training", "training.epochs", "method.tail"
 * @throws ReatError `usage` naming the nearest key where there is none
 */
export function configRow(key: string): ConfigRow[] {
  const all = [...configRows(), ...methodRows()];
  const found = all.filter((row) => row.key === key || row.key.startsWith(`${key}.`));
  if (found.length > 0) return found;
  const parts = all.flatMap((row) => row.key.split(".").map((_, i, path) => path.slice(0, i + 1).join(".")));
  const guess = nearest(key, [...new Set(parts)]);
  throw new ReatError(
    "usage",
    `There is no key "${key}"${guess ? ` (did you mean "${guess}"?)` : ""}; \`reat config\` lists all.`,
  );
}

/** The tables of docs/configuration.md in Markdown: keys outside any section, the sections one by one, and those of methods. */
export function configurationTables(): {
  readonly top: string;
  readonly sections: string;
  readonly method: string;
} {
  const rows = configRows().filter(({ key }) => key !== "method.name");
  const nested = rows.filter(({ key }) => key.includes("."));
  const names = [...new Set(nested.map(({ key }) => key.split(".")[0]!))];
  const sections = names.map((section) => {
    const own = rows.filter(({ key }) => key.startsWith(`${section}.`));
    return `## ${section}\n\n${sectionHelp(section)}\n\n${table(own)}`;
  });
  return {
    top: table(rows.filter(({ key }) => !key.includes("."))),
    sections: sections.join("\n\n"),
    method: table(methodRows()),
  };
}

function sectionHelp(section: string): string {
  const help = optionSection(section);
  return `${help.charAt(0).toUpperCase()}${help.slice(1)}.`;
}

function optionSection(section: string): string {
  const schema = experimentSchema.shape[section as keyof typeof experimentSchema.shape];
  return String(schema.meta()?.help ?? "");
}

function table(rows: readonly ConfigRow[]): string {
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
  const lines = rows.map(({ key, default: value, accepted, help, methods }) => {
    const whose = methods && methods.length < methodNames.length ? ` (${methods.join(", ")})` : "";
    return `| \`${key}\` | ${value === null ? "left out" : `\`${value}\``} | ${cell(accepted)} | ${cell(help)}${whose} |`;
  });
  return ["| key | default | accepted | what it is |", "| --- | --- | --- | --- |", ...lines].join("\n");
}
