// The schema of a configuration for editors, which use it to complete and check YAML.
import { z } from "zod";
import { methodNames, methods } from "../../methods/index.js";
import { acceptedBy, type Shape } from "../../schema-words.js";
import { experimentSchema } from "../config/index.js";

type JsonSchema = Record<string, unknown>;

/** A JSON schema (draft 2020-12) of what `parseConfig` reads. */
export function experimentJsonSchema(): JsonSchema {
  const { properties, ...whole } = jsonSchemaOf(experimentSchema) as JsonSchema & { properties: JsonSchema };
  return {
    ...whole,
    title: "Configuration of reat",
    properties: {
      $schema: { type: "string", description: "for editors alone" },
      extends: {
        type: "string",
        description: "a preset or file whose keys are taken; those beside it go over them",
      },
      ...properties,
      method: {
        description: "the training method with its own keys",
        anyOf: methodNames.map((name) => ({ ...jsonSchemaOf(methods[name].schema), title: name })),
      },
    },
  };
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...shape } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override({ jsonSchema }) {
      const { help, ...own } = jsonSchema as JsonSchema & { help?: string };
      if (help !== undefined) {
        // The descriptions say what every key accepts; editors show them under the mouse.
        const accepted = own.properties === undefined ? `; accepted: ${acceptedBy(own as Shape)}` : "";
        delete (jsonSchema as JsonSchema).help;
        jsonSchema.description = `${help}${accepted}`;
      }
      // Numbers may be written as fractions everywhere.
      if (jsonSchema.type === "number") {
        const { type, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = jsonSchema;
        for (const key of ["type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] as const) {
          delete jsonSchema[key];
        }
        const number = { type, minimum, maximum, exclusiveMinimum, exclusiveMaximum };
        const limits = Object.fromEntries(Object.entries(number).filter(([, value]) => value !== undefined));
        jsonSchema.anyOf = [limits, { type: "string", pattern: "^\\s*[0-9.e+-]+\\s*/\\s*[0-9.e+-]+\\s*$" }];
      }
    },
  }) as JsonSchema;
  return shape;
}
