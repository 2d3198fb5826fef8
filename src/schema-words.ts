// What a schema accepts, in words that fit into a sentence: "a whole number of at least 1".
import { z } from "zod";

/** The parts of a JSON schema that sentences are made from. */
export interface Shape {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly description?: string;
  /** What a key is for, from `.meta({ help })`. */
  readonly help?: string;
  readonly default?: unknown;
}

/** What a schema takes as its input. */
export function shapeOf(schema: z.ZodType): Shape {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Shape;
}

/** What a schema takes, in words. */
export function acceptedBy(shape: Shape): string {
  if (shape.description !== undefined) return shape.description;
  if (shape.enum) return shape.enum.map(String).join(", ");
  if ("const" in shape) return String(shape.const);
  const choices = shape.anyOf ?? shape.oneOf;
  if (choices) return choices.map(acceptedBy).join(", or ");
  switch (shape.type) {
    case "integer":
      return `a whole number${bounds(shape)}`;
    case "number":
      return `a number${bounds(shape)}`;
    case "boolean":
      return "true or false";
    case "string":
      return "a text";
    case "array":
      return shape.items ? `a list, each entry ${acceptedBy(shape.items)}` : "a list";
    case "object":
      return `keys and values (${Object.keys(shape.properties ?? {}).join(", ")})`;
    default:
      return shape.type ?? "another value";
  }
}

function bounds(shape: Shape): string {
  const largest = shape.maximum === Number.MAX_SAFE_INTEGER ? undefined : shape.maximum;
  const smallest = shape.minimum === Number.MIN_SAFE_INTEGER ? undefined : shape.minimum;
  if (smallest !== undefined && largest !== undefined) return ` from ${smallest} to ${largest}`;
  const parts: string[] = [];
  if (smallest !== undefined) parts.push(`of at least ${smallest}`);
  if (shape.exclusiveMinimum !== undefined) parts.push(`above ${shape.exclusiveMinimum}`);
  if (largest !== undefined) parts.push(`of at most ${largest}`);
  if (shape.exclusiveMaximum !== undefined) parts.push(`below ${shape.exclusiveMaximum}`);
  return parts.length > 0 ? ` ${parts.join(" and ")}` : "";
}
