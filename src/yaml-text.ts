// YAML from people: what a mistake or a malicious file can do to a parser ends in one reason.
import { isAlias, isMap, isScalar, type ParsedNode, parseDocument, visit } from "yaml";

/** What a file of settings may be at most: far above any that is written by hand. */
const limits = { characters: 300_000, keys: 10_000, depth: 50 };

/** The reason why a text is no YAML that is accepted: a clause without an end. */
export class YamlProblem extends Error {}

/**
 * The value of a YAML text; null for an empty one. Aliases are accepted where they do not lie within what they name.
 * @throws YamlProblem
 */
export function parseYaml(text: string): unknown {
  if (text.length > limits.characters) {
    throw new YamlProblem(`it has ${text.length} characters, and ${limits.characters} are the most`);
  }
  try {
    // Their own comparison of keys takes the square of their number.
    const document = parseDocument(text, { uniqueKeys: false, logLevel: "error" });
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem) throw new YamlProblem(firstLine(problem));
    checkNodes(document.contents);
    return document.toJS({ maxAliasCount: 1000 }) ?? null;
  } catch (error) {
    if (error instanceof YamlProblem) throw error;
    if (error instanceof RangeError) throw new YamlProblem("it is nested too deeply");
    throw new YamlProblem(firstLine(error as Error));
  }
}

// Without its drawing of the place.
function firstLine({ message }: Error): string {
  if (message.includes("call stack")) return "it is nested too deeply";
  return message.split("\n")[0]!.replace(/[:.]\s*$/, "");
}

function checkNodes(contents: ParsedNode | null): void {
  if (contents === null) return;
  let count = 0;
  const anchors = new Map<string, unknown>();
  visit(contents, (_, node, path) => {
    if (path.length > 2 * limits.depth) {
      throw new YamlProblem(`it is nested more than ${limits.depth} deep`);
    }
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target !== undefined && path.includes(target as never)) {
        throw new YamlProblem(`*${node.source} refers to what it lies in`);
      }
    } else if (typeof node === "object" && node !== null && "anchor" in node && node.anchor) {
      anchors.set(String(node.anchor), node);
    }
    if (!isMap(node)) return;
    count += node.items.length;
    if (count > limits.keys) throw new YamlProblem(`it has more than ${limits.keys} keys`);
    const seen = new Set<unknown>();
    for (const { key } of node.items) {
      if (!isScalar(key)) continue;
      if (seen.has(key.value)) throw new YamlProblem(`the key "${String(key.value)}" stands there twice`);
      seen.add(key.value);
    }
  });
}
