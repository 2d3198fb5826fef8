// Finds what the package offers that takes or gives tensors, with the comments that tell their shapes.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../scripts/places.mjs";

/** A function, or a member of an interface or a class, in whose type tensors occur. */
export interface WithTensors {
  readonly floor: string;
  readonly name: string;
  /** Its own comment, and that of the interface or class it belongs to. */
  readonly comment: string;
}

const declaration =
  /(\/\*\*(?:[^*]|\*(?!\/))*\*\/\n)?export (?:async |abstract )?(interface|class|function\*?) (\w+)/g;
const member = /^ {2}(?:readonly |abstract |static |async |get )*(\w+)\??[(:]/;

/** Lists of parameters and buffers by name have the shapes of a network, which no comment could state. */
const ofNetworks = /Map<string, Tensor>|Tensor\[\]/;

/** @param names those that the floor exports */
export function publicTensors(floor: string, names: ReadonlySet<string>): WithTensors[] {
  const folder = join(packageRoot, "src", floor);
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .flatMap((path) => {
      const text = readFileSync(join(folder, path), "utf8");
      return [...text.matchAll(declaration)].flatMap((found) => {
        const [all, comment = "", kind = "", name = ""] = found;
        if (!names.has(name)) return [];
        const start = found.index + all.length;
        const body = text.slice(start, text.indexOf("\n}\n", start));
        const parts = kind.startsWith("function")
          ? [{ name, comment, type: body.slice(0, body.search(/\{\n/)) }]
          : membersOf(body).map((one) => ({
              ...one,
              name: `${name}.${one.name}`,
              comment: comment + one.comment,
            }));
        return parts
          .filter(({ type }) => /\bTensor\b/.test(type) && !ofNetworks.test(type))
          .map((part) => ({ floor, name: part.name, comment: part.comment }));
      });
    });
}

/** A method or a constructor of a public class, with its comment and its class's, and what it does. */
export interface PublicMethod {
  readonly name: string;
  readonly comment: string;
  readonly body: string;
}

/** @param names those that the floor exports */
export function publicMethods(floor: string, names: ReadonlySet<string>): PublicMethod[] {
  const folder = join(packageRoot, "src", floor);
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .flatMap((path) => {
      const text = readFileSync(join(folder, path), "utf8");
      return [...text.matchAll(declaration)].flatMap(([all, comment = "", kind, name = ""], at) => {
        if (kind !== "class" || !names.has(name)) return [];
        const start = [...text.matchAll(declaration)][at]!.index + all.length;
        const body = text.slice(start, text.indexOf("\n}\n", start));
        return membersOf(body).map((one) => {
          const from = body.indexOf(one.type);
          return {
            name: `${name}.${one.name}`,
            comment: comment + one.comment,
            // A field has no body.
            body: one.type.endsWith("{") ? body.slice(from, body.indexOf("\n  }\n", from)) : "",
          };
        });
      });
    });
}

/** The public members of an interface or a class as the formatter lays them out: two spaces, then the name. */
function membersOf(body: string): { name: string; comment: string; type: string }[] {
  const lines = body.split("\n");
  const members = [];
  let comment = "";
  for (let i = 0; i < lines.length; i++) {
    const first = i;
    if (/^ {2}\/\*\*/.test(lines[i]!)) {
      while (!lines[i]!.includes("*/")) i++;
      comment = lines.slice(first, i + 1).join("\n");
      continue;
    }
    const [, name] = member.exec(lines[i]!) ?? [];
    if (name !== undefined) {
      while (/[(,]$/.test(lines[i]!)) i++;
      const own = lines.slice(first, i + 1).join("\n");
      // What overrides is told where it is first declared.
      if (!comment.includes("@internal") && !/^ {2}override /.test(own))
        members.push({ name, comment, type: own });
    }
    comment = "";
  }
  return members;
}
