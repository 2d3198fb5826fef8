// Files of torch.save: tensors that reach too far or repeat one storage, names that are not to be called, damaged zips.
import { join } from "node:path";
import type { Random } from "../../random.js";
import { mutateBytes } from "../bytes.js";
import type { Format, Sample } from "../case.js";
import { canary } from "../guard.js";
import {
  dictionary,
  global,
  integer,
  op,
  pickle,
  reduce,
  type TensorFields,
  text,
  torchTensor,
  tuple,
} from "../pickle-writer.js";
import { writeZip, type ZipEntry } from "../zip-writer.js";
import { readWeights } from "./weights-reading.js";

type Named = readonly [name: string, fields: TensorFields];

const tensors: readonly Named[] = [
  [
    "conv.weight",
    { key: "0", storage: "FloatStorage", count: 24, offset: 0, shape: [2, 3, 2, 2], strides: [12, 4, 2, 1] },
  ],
  ["conv.bias", { key: "1", storage: "FloatStorage", count: 2, offset: 0, shape: [2], strides: [1] }],
  [
    "bn.num_batches_tracked",
    { key: "2", storage: "LongStorage", count: 1, offset: 0, shape: [], strides: [] },
  ],
];

const contents = (count: number, width: number): Buffer =>
  Buffer.from(Array.from({ length: count * width }, (_, i) => (i * 37) % 127));

const stateOf = (named: readonly Named[]): Buffer =>
  dictionary(named.map(([name, fields]) => [text(name), torchTensor(fields)]));

function zipped(root: Buffer, change: (entries: ZipEntry[]) => ZipEntry[] = (entries) => entries): Buffer {
  return writeZip(
    change([
      { path: "archive/data.pkl", content: pickle(root) },
      { path: "archive/byteorder", content: Buffer.from("little") },
      { path: "archive/data/0", content: contents(24, 4) },
      { path: "archive/data/1", content: contents(2, 4) },
      { path: "archive/data/2", content: contents(1, 8) },
      { path: "archive/version", content: Buffer.from("3\n") },
    ]),
  );
}

const wrapped = (key: string): Buffer =>
  dictionary([
    [text(key), stateOf(tensors)],
    [text("epoch"), integer(3)],
  ]);

/** Ways to say the same. */
const valid: Readonly<Record<string, () => Buffer>> = {
  plain: () => zipped(stateOf(tensors)),
  "under state_dict": () => zipped(wrapped("state_dict")),
  "under model": () => zipped(wrapped("model")),
  "an OrderedDict": () =>
    zipped(
      Buffer.concat([
        reduce(global("collections", "OrderedDict")),
        op("("),
        ...tensors.flatMap(([name, fields]) => [text(name), torchTensor(fields)]),
        op("u"),
      ]),
    ),
  "another folder": () =>
    zipped(stateOf(tensors), (entries) =>
      entries.map((entry) => ({ ...entry, path: String(entry.path).replace("archive", "my model") })),
    ),
  "without a byte order": () =>
    zipped(stateOf(tensors), (entries) => entries.filter(({ path }) => path !== "archive/byteorder")),
};

const edges = [-1, 0, 1, 2, 23, 24, 25, 1000, 30000, 2 ** 31 - 1, 2 ** 53, -(2 ** 31)];

function lie(fields: TensorFields, random: Random): TensorFields {
  switch (random.below(6)) {
    case 0:
      return { ...fields, offset: random.pick(edges) };
    case 1:
      return { ...fields, count: random.pick(edges) };
    case 2:
      return { ...fields, shape: fields.shape.map(() => random.pick(edges)) };
    case 3:
      return { ...fields, strides: fields.strides.map(() => random.pick([0, ...edges])) };
    case 4:
      return {
        ...fields,
        storage: random.pick([
          "constructor",
          "__proto__",
          "ByteStorage",
          "DoubleStorage",
          "QInt8Storage",
          "UntypedStorage",
          "",
        ]),
      };
    default:
      return {
        ...fields,
        key: random.pick(["9", "../0", "__proto__", "", "0"]),
        shape: [30000, 30000],
        strides: [0, 0],
      };
  }
}

const callables: readonly (readonly [string, string])[] = [
  ["os", "system"],
  ["builtins", "eval"],
  ["torch.storage", "_load_from_bytes"],
  ["constructor", "x"],
];

const doubled = (count: number): Buffer =>
  Buffer.concat([op(")"), ...Array.from({ length: count }, () => op("2\x86"))]);

/** Files that are not what they look like. */
const tricks: Readonly<Record<string, (random: Random) => Buffer>> = {
  "a tensor that lies": (random) => {
    const place = random.below(tensors.length);
    const [name, fields] = tensors[place]!;
    return zipped(stateOf(tensors.toSpliced(place, 1, [name, lie(fields, random)])));
  },
  "a call": (random) => zipped(reduce(global(...random.pick(callables)), text(`touch ${canary}`))),
  "many transposed views": (random) => {
    const count = random.pick([50, 300]);
    const side = 700;
    const view = (n: number): Named => [
      `w${n}`,
      {
        key: "0",
        storage: "FloatStorage",
        count: side * side,
        offset: 0,
        shape: [side, side],
        strides: [1, side],
      },
    ];
    return zipped(stateOf(Array.from({ length: count }, (_, n) => view(n))), (entries) =>
      entries.map((entry) =>
        entry.path === "archive/data/0" ? { ...entry, content: Buffer.alloc(side * side * 4) } : entry,
      ),
    );
  },
  "one element seen as many": (random) =>
    zipped(
      stateOf([
        [
          "w",
          {
            key: "1",
            storage: "FloatStorage",
            count: 2,
            offset: 0,
            shape: [random.pick([30000, 2000]), random.pick([30000, 2000])],
            strides: [0, 0],
          },
        ],
      ]),
    ),
  "nested pairs as a key": (random) =>
    zipped(Buffer.concat([op("}"), doubled(random.pick([27, 40])), op("Ns")])),
  "nested pairs as a module": (random) =>
    zipped(Buffer.concat([doubled(random.pick([27, 40])), text("x"), op("\x93)R")])),
  "nested pairs as a type": (random) =>
    zipped(
      Buffer.concat([
        tuple(text("storage"), doubled(random.pick([27, 40])), text("0"), text("cpu"), integer(1)),
        op("Q"),
      ]),
    ),
  "nested pairs as an element type": (random) =>
    zipped(Buffer.concat([global("numpy", "dtype"), tuple(doubled(random.pick([27, 40]))), op("R")])),
  deep: (random) =>
    zipped(
      Buffer.concat([
        Buffer.alloc(random.pick([1000, 10000]), "]"),
        Buffer.alloc(random.pick([900, 9999]), "a"),
      ]),
    ),
  "values that are passed over": () =>
    zipped(
      dictionary([
        [text("state_dict"), stateOf(tensors)],
        [
          text("args"),
          Buffer.concat([
            reduce(global("argparse", "Namespace")),
            dictionary([[text("lr"), text("0.1")]]),
            op("b"),
          ]),
        ],
        [text("when"), reduce(global("datetime", "datetime"), text("x"))],
      ]),
    ),
  "many files over the same bytes": (random) =>
    zipped(stateOf(tensors), (entries) => [
      ...entries,
      ...Array.from({ length: random.pick([100, 3000]) }, (_, n) => ({
        path: `archive/data/${n + 3}`,
        content: contents(1, 8),
        at: 0,
      })),
    ]),
  "a TorchScript program": () =>
    zipped(stateOf(tensors), (entries) => [
      ...entries,
      { path: "archive/constants.pkl", content: pickle(op(")")) },
    ]),
  "another byte order": (random) =>
    zipped(stateOf(tensors), (entries) =>
      entries.map((entry) =>
        entry.path === "archive/byteorder"
          ? { ...entry, content: Buffer.from(random.pick(["big", "", "\u001b[31m"])) }
          : entry,
      ),
    ),
  "packed entries": () =>
    zipped(stateOf(tensors), (entries) => entries.map((entry) => ({ ...entry, method: 8 }))),
  "a zip field that lies": (random) =>
    zipped(stateOf(tensors), (entries) => {
      const place = random.below(entries.length);
      const value = random.pick([0, 1, 0x7fffffff, 0xffffffff]);
      const field = random.pick(["size", "packedSize", "at", "crc"]);
      return entries.toSpliced(place, 1, { ...entries[place]!, [field]: value });
    }),
  older: (random) => {
    const key = pickle(Buffer.concat([op("]("), text("0"), op("e")]));
    const lengths = Buffer.alloc(8);
    lengths.writeBigUInt64LE(random.pick([24n, 23n, 2n ** 63n, 0n]));
    const parts = [
      Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex"),
      pickle(integer(random.pick([1001, 1001, 1002]))),
      pickle(dictionary([[text("little_endian"), op("\x88")]])),
      pickle(stateOf(tensors.slice(0, 1))),
      ...[key, lengths, contents(24, 4)],
    ];
    return Buffer.concat(random.chance(0.3) ? parts.slice(0, random.between(1, 6)) : parts);
  },
};

/** Files of torch.save. */
export const torch: Format = {
  name: "torch.save",

  make(random): Sample {
    const kind = random.below(5);
    const plain = zipped(stateOf(tensors));
    if (kind === 0) {
      const name = random.pick(Object.keys(valid));
      return { files: { "w.pt": valid[name]!() }, what: name, expects: "same", reference: { "w.pt": plain } };
    }
    if (kind === 1) {
      const { bytes, what } = mutateBytes(plain, random);
      return { files: { "w.pt": bytes }, what, expects: "any" };
    }
    const name = random.pick(Object.keys(tricks));
    return { files: { "w.pt": tricks[name]!(random) }, what: name, expects: "any" };
  },

  read: (folder) => readWeights(join(folder, "w.pt")),
};
