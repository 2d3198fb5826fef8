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

/** As many as torch itself has. */
const mostDimensions = 64;

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

/** An object that holds no weights: it is passed over, whatever is set on it. */
class PassedOver extends PickledObject {
  override setState(): void {}
}

/** Of what Python's library, NumPy and torch put beside weights. None of them is built or run. */
const passedOver: Readonly<Record<string, string>> = {
  "argparse.Namespace": "argparse.Namespace",
  "types.SimpleNamespace": "types.SimpleNamespace",
  ...sameNames("datetime", ["datetime", "date", "time", "timedelta", "timezone"]),
  ...sameNames("pathlib", [
    "Path",
    "PosixPath",
    "WindowsPath",
    "PurePath",
    "PurePosixPath",
    "PureWindowsPath",
  ]),
  ...sameNames("pathlib._local", ["Path", "PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath"]),
  ...sameNames("builtins", ["complex", "range", "slice", "bytearray"]),
  "uuid.UUID": "uuid.UUID",
  "decimal.Decimal": "decimal.Decimal",
  "fractions.Fraction": "fractions.Fraction",
  "numpy.core.multiarray._reconstruct": "numpy.ndarray",
  "numpy.core.numeric._frombuffer": "numpy.ndarray",
  "numpy.core.multiarray.scalar": "a number of NumPy",
  // What the others are made of goes without saying.
  "numpy.dtype": "",
  "torch.device": "",
  "torch.serialization._get_layout": "",
};

function sameNames(module: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [`${module}.${name}`, `${module}.${name}`]));
}

const dictionaries = new Set([
  "collections.OrderedDict",
  "collections.Counter",
  "easydict.EasyDict",
  "yacs.config.CfgNode",
  "addict.addict.Dict",
]);
const lists = new Set([
  "torch.Size",
  "builtins.set",
  "builtins.frozenset",
  "builtins.list",
  "builtins.tuple",
]);
const reconstructors = new Set(["copyreg._reconstructor", "copyreg.__newobj__"]);

/** What a reading of one file has met. */
export interface TorchMet {
  readonly storages: Map<string, TorchStorage>;
  /** Names of the objects that were passed over. */
  readonly passedOver: Set<string>;
}

/** State dicts and the plain values that checkpoints keep beside them. @param met what it meets is put there */
export function torchVocabularyFor(met: TorchMet): PickleVocabulary {
  return {
    call: (name, args, context) => build(name, args, context, met),

    persistent(id: Pickled, context: PickleContext) {
      if (!Array.isArray(id) || id[0] !== "storage")
        context.fail("it refers to something that is no storage");
      const [, type, key, , count, view] = id;
      const name = type instanceof PickledGlobal ? type.name : type;
      const plain = typeof name === "string" ? name.replace(/^torch(\.cuda)?\./, "") : "";
      if (!Object.hasOwn(storageTypes, plain)) {
        const found = typeof name === "string" ? name : "storage without a type";
        context.fail(`it has a ${found}; accepted are ${Object.keys(storageTypes).join(", ")}`);
      }
      if (typeof key !== "string" || !isSize(count)) context.fail("it has a storage without a name or size");
      if (view !== undefined && view !== null) context.fail(`its storage ${key} is a part of another one`);
      const storage = new TorchStorage(storageTypes[plain]!, key, count);
      met.storages.set(key, storage);
      return storage;
    },
  };
}

/** {@link torchVocabularyFor} where nobody asks what was met. */
export const torchVocabulary: PickleVocabulary = {
  call: (name, args, context) => torchVocabularyFor(nothingMet()).call(name, args, context),
  persistent: (id, context) => torchVocabularyFor(nothingMet()).persistent!(id, context),
};

export function nothingMet(): TorchMet {
  return { storages: new Map(), passedOver: new Set() };
}

/** Python 2's and NumPy 2's names as Python 3 and NumPy 1 have them. */
function modern(name: string): string {
  return name
    .replace(/^__builtin__\./, "builtins.")
    .replace(/^copy_reg\./, "copyreg.")
    .replace(/^numpy\._core\./, "numpy.core.");
}

function build(written: string, args: readonly Pickled[], context: PickleContext, met: TorchMet): Pickled {
  const name = modern(written);
  if (dictionaries.has(name)) return dictionary(args, context);
  if (lists.has(name)) return args[0] ?? [];
  if (Object.hasOwn(passedOver, name)) {
    if (passedOver[name] !== "") met.passedOver.add(passedOver[name]!);
    return new PassedOver();
  }
  const [first] = args;
  if (reconstructors.has(name) && first instanceof PickledGlobal) {
    return build(first.name, [], context, met);
  }
  switch (name) {
    case "collections.defaultdict":
      // Its first argument is what missing keys would get, and is not called.
      return new Map();
    case "collections.deque":
      return Array.isArray(first) ? [...first] : [];
    case "torch._utils._rebuild_tensor":
    case "torch._utils._rebuild_tensor_v2":
      return rebuildTensor(args, context);
    case "torch._utils._rebuild_parameter":
    case "torch._utils._rebuild_parameter_with_state":
      return first instanceof TorchTensor ? first : context.fail("it has a parameter without a tensor");
    case "_codecs.encode":
      return encodeLatin1(args, context);
    default:
      return context.fail(
        `it wants to call ${written}, which is refused; only tensors in plain dictionaries are read, as torch.save(model.state_dict()) writes them`,
      );
  }
}

function dictionary([pairs]: readonly Pickled[], context: PickleContext): Pickled {
  if (pairs === undefined || pairs instanceof Map) return new Map(pairs);
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
  const readable = isSize(offset) && sizes(shape) && sizes(strides) && shape.length === strides.length;
  if (!readable || shape.length > mostDimensions) {
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
