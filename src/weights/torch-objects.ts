// The few names that torch.save uses for tensors, and what each rebuilds. Every other name is refused.
import {
  encodeLatin1,
  type PickleContext,
  type Pickled,
  PickledGlobal,
  PickledObject,
  type PickleVocabulary,
} from "../pickle/index.js";
import { type DType, elementSize } from "../tensor/index.js";

const storageTypes: Readonly<Record<string, DType>> = {
  FloatStorage: "float32",
  DoubleStorage: "float64",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
};

/** Elements that lie elsewhere in the file, under a key. */
export class TorchStorage extends PickledObject {
  constructor(
    readonly dtype: DType,
    readonly key: string,
    readonly count: number,
  ) {
    super();
  }
}

/** A view of a storage; offset and strides count elements. */
export class TorchTensor extends PickledObject {
  constructor(
    readonly storage: TorchStorage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {
    super();
  }
}

/** Something that is read but ignored: a device, an element type, a NumPy number. */
class Ignored extends PickledObject {
  override setState(): void {}
}

/** State dicts and the plain values that checkpoints keep beside them. */
export const torchVocabulary: PickleVocabulary = {
  call(name: string, args: readonly Pickled[], context: PickleContext) {
    switch (name.replace("numpy._core.", "numpy.core.")) {
      case "collections.OrderedDict":
        return dictionary(args, context);
      case "torch._utils._rebuild_tensor":
      case "torch._utils._rebuild_tensor_v2":
        return rebuildTensor(args, context);
      case "torch._utils._rebuild_parameter":
        return args[0] instanceof TorchTensor ? args[0] : context.fail("it has a parameter without a tensor");
      case "torch.Size":
        return args[0] ?? [];
      case "torch.device":
      case "numpy.dtype":
      case "numpy.core.multiarray.scalar":
        return new Ignored();
      case "_codecs.encode":
        return encodeLatin1(args, context);
      default:
        return context.fail(
          `it wants to call ${name}, which is refused; only tensors in plain dictionaries are read, as torch.save(model.state_dict()) writes them`,
        );
    }
  },

  persistent(id: Pickled, context: PickleContext) {
    if (!Array.isArray(id) || id[0] !== "storage") context.fail("it refers to something that is no storage");
    const [, type, key, , count] = id;
    const name = type instanceof PickledGlobal ? type.name : String(type);
    const dtype = storageTypes[name.replace(/^torch(\.cuda)?\./, "")];
    if (!dtype) {
      context.fail(`it has a ${name}; accepted are ${Object.keys(storageTypes).join(", ")}`);
    }
    if (typeof key !== "string" || !isSize(count)) context.fail("it has a storage without a name or size");
    return new TorchStorage(dtype, key, count);
  },
};

function dictionary([pairs]: readonly Pickled[], context: PickleContext): Pickled {
  if (pairs === undefined) return new Map();
  if (!Array.isArray(pairs)) context.fail("it has a dictionary that is not made of pairs");
  const entries = new Map<Pickled, Pickled>();
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) context.fail("a dictionary's entry is no pair");
    entries.set(pair[0]!, pair[1]!);
  }
  return entries;
}

function rebuildTensor(
  [storage, offset, shape, strides]: readonly Pickled[],
  context: PickleContext,
): Pickled {
  const sizes = (value: Pickled | undefined): value is number[] =>
    Array.isArray(value) && value.every(isSize);
  if (!(storage instanceof TorchStorage)) context.fail("it has a tensor without a storage");
  if (!isSize(offset) || !sizes(shape) || !sizes(strides) || shape.length !== strides.length) {
    context.fail("it has a tensor whose shape is not readable");
  }
  const last = shape.includes(0)
    ? -1
    : shape.reduce((at, size, axis) => at + (size - 1) * strides[axis]!, offset);
  if (last >= storage.count) {
    context.fail(`a tensor [${shape}] reaches beyond its storage of ${storage.count} elements`);
  }
  return new TorchTensor(storage, offset, shape, strides);
}

function isSize(value: Pickled | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A tensor's elements in C order; where they lie so in its storage's bytes, these are shared. */
export function elementsOf({ storage, offset, shape, strides }: TorchTensor, bytes: Uint8Array): Uint8Array {
  const width = elementSize(storage.dtype);
  const count = shape.reduce((product, size) => product * size, 1);
  let expected = 1;
  let plain = true;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) plain = false;
    expected *= shape[axis]!;
  }
  if (plain) return bytes.subarray(offset * width, (offset + count) * width);
  const result = new Uint8Array(count * width);
  const position = shape.map(() => 0);
  for (let i = 0; i < count; i++) {
    const from = (offset + position.reduce((at, index, axis) => at + index * strides[axis]!, 0)) * width;
    result.set(bytes.subarray(from, from + width), i * width);
    for (let axis = shape.length - 1; axis >= 0 && ++position[axis]! === shape[axis]!; axis--)
      position[axis] = 0;
  }
  return result;
}
