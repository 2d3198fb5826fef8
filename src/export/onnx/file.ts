// An ONNX graph as a file, through the official schema.
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType,
  type AttributeProtoSchema,
  ModelProtoSchema,
  TensorProto_DataType,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from "onnx-buf";
import { ReatError } from "../../errors.js";
import type { StoredTensor } from "../../training/index.js";
import type { OnnxAttributes, OnnxGraph } from "./graph.js";

/** Version of ONNX's operators that the files ask for. */
export const onnxOpset = 17;
/** Version of ONNX's file format; 8 came with operator set 17. */
export const onnxIr = 8;

/** A graph's input or output; a text as size is a name for one that is free. */
export interface OnnxValue {
  readonly name: string;
  readonly dtype: "float32" | "int64";
  readonly shape: readonly (number | string)[];
}

export interface OnnxFile {
  readonly graph: OnnxGraph;
  readonly name: string;
  readonly description: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Texts by name that any reader of the file shows. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly producerVersion: string;
}

/** Protocol buffers cannot be larger. */
const largestFile = 2 ** 31 - 1;

/** The file's bytes. @throws ReatError `config` where they would be more than 2 GiB */
export function encodeOnnx(file: OnnxFile): Uint8Array {
  const { graph, name, description, inputs, outputs, metadata, producerVersion } = file;
  const weights = [...graph.constants.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (weights > largestFile) {
    throw new ReatError("config", `An ONNX file holds at most 2 GiB; these weights take ${weights} bytes.`);
  }
  const used = new Set(graph.nodes.flatMap((node) => node.inputs));
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(onnxIr),
    opsetImport: [{ domain: "", version: BigInt(onnxOpset) }],
    producerName: "reat",
    producerVersion,
    docString: description,
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name,
      node: graph.nodes.map(({ operator, inputs: taken, output, attributes }, index) => ({
        name: `${operator}_${index}`,
        opType: operator,
        input: [...taken],
        output: [output],
        attribute: attributesOf(attributes),
      })),
      initializer: [...graph.constants].filter(([key]) => used.has(key)).map(constantOf),
      input: inputs.map(graphValue),
      output: outputs.map(graphValue),
    },
  });
  return toBinary(ModelProtoSchema, model);
}

const dataTypes = { float32: TensorProto_DataType.FLOAT, int64: TensorProto_DataType.INT64 } as const;

function constantOf([name, { dtype, shape, bytes }]: [string, StoredTensor]): MessageInitShape<
  typeof TensorProtoSchema
> {
  if (dtype !== "float32" && dtype !== "int64") {
    throw new ReatError("config", `The weight ${name} is ${dtype}; float32 is exported.`);
  }
  return {
    name,
    dims: shape.map(BigInt),
    dataType: dataTypes[dtype],
    rawData: bytes as Uint8Array<ArrayBuffer>,
  };
}

function graphValue({ name, dtype, shape }: OnnxValue): MessageInitShape<typeof ValueInfoProtoSchema> {
  const dim = shape.map((size) => ({
    value:
      typeof size === "number"
        ? ({ case: "dimValue", value: BigInt(size) } as const)
        : ({ case: "dimParam", value: size } as const),
  }));
  return {
    name,
    type: { value: { case: "tensorType", value: { elemType: dataTypes[dtype], shape: { dim } } } },
  };
}

function attributesOf(attributes: OnnxAttributes): MessageInitShape<typeof AttributeProtoSchema>[] {
  return Object.entries(attributes).map(([name, value]) => {
    if (typeof value === "number") {
      return { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) };
    }
    return "float" in value
      ? { name, type: AttributeProto_AttributeType.FLOAT, f: value.float }
      : { name, type: AttributeProto_AttributeType.INTS, ints: value.map(BigInt) };
  });
}
