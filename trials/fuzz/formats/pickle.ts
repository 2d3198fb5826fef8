// Pickles: programs of random opcodes, the tricks of hostile ones, and damaged pickles of NumPy arrays.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readPickle } from "#reat/pickle/index.js";
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
  shortBytes,
  text,
  tuple,
} from "../pickle-writer.js";

/** A batch as CIFAR's Python form has it: bytes by key, pixels as an array of uint8. */
function arrayPickle(): Buffer {
  const dtype = Buffer.concat([
    reduce(global("numpy", "dtype"), text("u1"), integer(0), integer(1)),
    op("("),
    integer(3),
    text("|"),
    ...[op("N"), op("N"), op("N")],
    ...[integer(-1), integer(-1), integer(0)],
    op("tb"),
  ]);
  const array = Buffer.concat([
    reduce(
      global("numpy.core.multiarray", "_reconstruct"),
      ...[global("numpy", "ndarray"), tuple(integer(0)), shortBytes(Buffer.from("b"))],
    ),
    tuple(
      integer(1),
      tuple(integer(2), integer(3)),
      dtype,
      op("\x89"),
      shortBytes(Buffer.from([1, 2, 3, 4, 5, 6])),
    ),
    op("b"),
  ]);
  return pickle(
    dictionary([
      [text("data"), array],
      [text("labels"), Buffer.concat([op("]("), integer(0), integer(1), op("e")])],
    ]),
  );
}

const command = `touch ${canary}`;
const callables: readonly (readonly [string, string])[] = [
  ["os", "system"],
  ["posix", "system"],
  ["nt", "system"],
  ["builtins", "eval"],
  ["builtins", "exec"],
  ["__builtin__", "getattr"],
  ["subprocess", "Popen"],
  ["runpy", "run_path"],
  ["importlib", "import_module"],
  ["torch.hub", "load"],
  ["numpy.testing._private.utils", "runstring"],
  ["operator", "methodcaller"],
  ["constructor", "constructor"],
  ["__proto__", "toString"],
  ["child_process", "execSync"],
  ["numpy.core.multiarray", "scalar"],
  ["collections", "OrderedDict"],
  ["torch._utils", "_rebuild_tensor_v2"],
];

const repeat = (part: Buffer, count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => part));

/** Hostile pickles by trick. */
const tricks: Readonly<Record<string, (random: Random) => Buffer>> = {
  "a call": (random) => pickle(reduce(global(...random.pick(callables)), text(command))),
  "INST and OBJ": (random) => {
    const [module, name] = random.pick(callables);
    const inst = Buffer.concat([op("("), text(command), op(`i${module}\n${name}\n`)]);
    const object = Buffer.concat([op("("), global(module, name), text(command), op("o")]);
    return pickle(random.pick([inst, object]));
  },
  NEWOBJ_EX: (random) => pickle(global(...random.pick(callables)), tuple(text(command)), op("}\x92")),
  "STACK_GLOBAL with memoised names": (random) => {
    const [module, name] = random.pick(callables);
    return pickle(
      text(module),
      op("q\0"),
      text(name),
      op("q\x0100h\0h\x01\x93"),
      tuple(text(command)),
      op("R"),
    );
  },
  "an extension's code": (random) =>
    pickle(op(random.pick(["\x82\x01", "\x83\x01\x01", "\x84\x01\x01\x01\x01"]))),
  "BUILD on a dictionary": () => pickle(op("}"), dictionary([[text("__class__"), text(command)]]), op("b")),
  "a second pickle after the first": (random) =>
    Buffer.concat([pickle(op("N")), pickle(reduce(global(...random.pick(callables)), text(command)))]),
  "a pickle within bytes": (random) =>
    pickle(reduce(global("pickle", "loads"), shortBytes(pickle(global(...random.pick(callables)))))),
  "doubled over and over": (random) =>
    pickle(
      op("]"),
      repeat(op(random.pick(["2\x86", "(2t", "]2\x86"])), random.pick([20, 40, 80])),
      random.chance(0.5) ? op("}") : op(""),
    ),
  "doubled, as a key": (random) =>
    pickle(op("}"), op(")"), repeat(op("2\x86"), random.pick([28, 40])), op("Ns")),
  "doubled, as a name": (random) =>
    pickle(op(")"), repeat(op("2\x86"), random.pick([28, 40])), text("x"), op("\x93)R")),
  "memoised and doubled": (random) =>
    pickle(
      op(")"),
      ...Array.from({ length: random.pick([20, 40]) }, (_, n) => Buffer.from([0x71, n, 0x68, n, 0x86])),
    ),
  deep: (random) =>
    pickle(
      repeat(op(random.pick(["]", "(", "}", ")"])), random.pick([1000, 20000])),
      repeat(op("a"), random.pick([999, 19999])),
    ),
  "within itself": () => pickle(op("]q\0h\0a")),
  "a dictionary within itself": () => pickle(op("}q\0"), text("a"), op("h\0s")),
  "long length": (random) => {
    const length = random.pick([
      "ffffffffffffff7f",
      "ffffffffffffffff",
      "0000000001000000",
      "0000008000000000",
    ]);
    return pickle(op(random.pick(["\x8e", "\x96", "\x8d", "\x95"])), Buffer.from(length, "hex"));
  },
  "long integer": (random) =>
    pickle(
      op("\x8b"),
      Buffer.from(random.pick(["ffffff7f", "ffffffff", "00000100"]), "hex"),
      Buffer.alloc(1000, 7),
    ),
  "text numbers": (random) =>
    pickle(
      op(
        `${random.pick(["I", "L", "F", "p", "g"])}${random.pick(["1e999", "NaN", "-1", "0x10", "", " ", "9".repeat(400), "1_0"])}\n`,
      ),
    ),
  "broken text": (random) =>
    pickle(
      op(random.pick(["V\\U99999999\n", "V\\ud800\n", "S'\\xzz'\n", "S\n", "X\x02\0\0\0\xff\xfe", "S'\\"])),
    ),
  "persistent ids": (random) => pickle(op(random.pick(["Pstorage\n", "NQ", "]Q", "}Q"]))),
  "a memo far away": () => pickle(op("Nr\xff\xff\xff\xff"), op("j\xff\xff\xff\xff")),
  "array of a wrong size": (random) =>
    pickle(
      reduce(
        global("numpy.core.numeric", "_frombuffer"),
        ...[
          shortBytes(Buffer.from("abc")),
          reduce(global("numpy", "dtype"), text(random.pick(["u1", "O", "f8", "i8", "constructor"]))),
        ],
        ...[
          tuple(integer(random.pick([3, -3, 2 ** 31 - 1, 0])), integer(random.pick([1, -1, 0]))),
          text("C"),
        ],
      ),
    ),
};

const opcodes =
  "(.012FIJKLMNPQRSTUVXabcdeghijloprstqu]})\x80\x81\x82\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x97\x98BC";

function program(random: Random): Buffer {
  const parts = Array.from({ length: random.between(1, 40) }, () => {
    const kind = random.below(6);
    if (kind === 0) return text(random.pick(["a", "os", "system", "data", ""]));
    if (kind === 1) return integer(random.pick([0, 1, -1, 255, 2 ** 31 - 1]));
    if (kind === 2) return global(...random.pick(callables));
    if (kind === 3) return op(random.pick(["(", ")", "]", "}", "N", "2", "t", "\x85", "R", "b"]));
    return Buffer.concat([op(random.pick([...opcodes])), random.bytes(random.below(5))]);
  });
  return pickle(...parts);
}

/** Pickles of NumPy arrays and hostile ones. */
export const pickleFile: Format = {
  name: "pickle",

  make(random): Sample {
    const kind = random.below(4);
    if (kind === 0) return { files: { "a.pkl": program(random) }, what: "random opcodes", expects: "any" };
    if (kind === 1) {
      const { bytes, what } = mutateBytes(arrayPickle(), random);
      return { files: { "a.pkl": bytes }, what: `array: ${what}`, expects: "any" };
    }
    if (kind === 2 && random.chance(0.2)) {
      const reference = { "a.pkl": arrayPickle() };
      const framed = Buffer.concat([
        Buffer.from("8004", "hex"),
        op("\x95"),
        Buffer.alloc(8),
        arrayPickle().subarray(2),
      ]);
      framed.writeUInt32LE(framed.length - 11, 3);
      return { files: { "a.pkl": framed }, what: "framed", expects: "same", reference };
    }
    const name = random.pick(Object.keys(tricks));
    return { files: { "a.pkl": tricks[name]!(random) }, what: name, expects: "any" };
  },

  async read(folder) {
    const file = join(folder, "a.pkl");
    return describe(readPickle(await readFile(file), file));
  },
};

/** The first values, so that what refers to itself has an end. */
function describe(value: unknown): string {
  const seen = new Set<unknown>();
  let left = 200;
  const show = (inside: unknown): unknown => {
    if (typeof inside !== "object" || inside === null)
      return typeof inside === "number" ? String(inside) : inside;
    if (seen.has(inside) || left-- <= 0) return "…";
    seen.add(inside);
    if (inside instanceof Uint8Array || inside instanceof Float64Array) return [...inside.subarray(0, 32)];
    if (inside instanceof Map) return [...inside].slice(0, 32).map(([key, item]) => [show(key), show(item)]);
    if (Array.isArray(inside)) return inside.slice(0, 32).map(show);
    return Object.entries(inside).map(([key, item]) => [key, show(item)]);
  };
  return JSON.stringify(show(value));
}
