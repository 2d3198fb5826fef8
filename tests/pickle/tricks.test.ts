// The tricks that public scanners of pickles look for, each built from opcodes: all are refused, and none runs anything.
import { describe, expect, it } from "vitest";
import { ReatError } from "../../src/errors.js";
import { readPickle } from "../../src/pickle/index.js";
import { torchVocabulary } from "../../src/weights/torch-objects.js";
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
} from "../../trials/fuzz/pickle-writer.js";

const command = text("touch /tmp/never");

/** Names that scanners list because calling them runs code, reads files or opens connections. */
const dangerous: readonly (readonly [string, string])[] = [
  ["os", "system"],
  ["posix", "system"],
  ["nt", "system"],
  ["posix", "popen"],
  ["builtins", "eval"],
  ["builtins", "exec"],
  ["builtins", "compile"],
  ["builtins", "getattr"],
  ["builtins", "open"],
  ["builtins", "__import__"],
  ["__builtin__", "eval"],
  ["__builtin__", "execfile"],
  ["subprocess", "Popen"],
  ["subprocess", "check_output"],
  ["pty", "spawn"],
  ["runpy", "_run_code"],
  ["importlib", "import_module"],
  ["code", "interact"],
  ["pickle", "loads"],
  ["_pickle", "loads"],
  ["dill", "loads"],
  ["joblib", "load"],
  ["marshal", "loads"],
  ["types", "FunctionType"],
  ["functools", "partial"],
  ["operator", "attrgetter"],
  ["operator", "methodcaller"],
  ["socket", "socket"],
  ["urllib.request", "urlopen"],
  ["requests.api", "get"],
  ["webbrowser", "open"],
  ["shutil", "rmtree"],
  ["pathlib", "Path.unlink"],
  ["ctypes", "CDLL"],
  ["asyncio", "create_subprocess_shell"],
  ["bdb", "Bdb.run"],
  ["pdb", "run"],
  ["timeit", "timeit"],
  ["pip", "main"],
  ["venv", "create"],
  ["tempfile", "mktemp"],
  ["torch", "load"],
  ["torch.hub", "load"],
  ["torch.storage", "_load_from_bytes"],
  ["torch._inductor.codecache", "compile_file"],
  ["torch.jit.unsupported_tensor_ops", "execWrapper"],
  ["numpy.testing._private.utils", "runstring"],
  ["numpy", "load"],
  ["tensorflow", "load_library"],
  ["constructor", "constructor"],
  ["__proto__", "toString"],
];

const system = global("os", "system");
const [module, name] = [text("os"), text("system")];

/** Other ways to a call, and what else a pickle can do to its reader. */
const tricks: Readonly<Record<string, Buffer>> = {
  REDUCE: pickle(reduce(system, command)),
  "REDUCE in a list in a dictionary": pickle(
    dictionary([[text("a"), Buffer.concat([op("]"), reduce(system, command), op("a")])]]),
  ),
  INST: pickle(op("("), command, op("ios\nsystem\n")),
  OBJ: pickle(op("("), system, command, op("o")),
  NEWOBJ: pickle(system, tuple(command), op("\x81")),
  NEWOBJ_EX: pickle(system, tuple(command), op("}\x92")),
  "BUILD with __setstate__": pickle(op("("), system, op("tR"), command, op("b")),
  "BUILD on a text": pickle(text("a"), dictionary([[text("__class__"), system]]), op("b")),
  STACK_GLOBAL: pickle(module, name, op("\x93"), tuple(command), op("R")),
  "STACK_GLOBAL with memoised names": pickle(
    module,
    op("q\0"),
    name,
    op("q\x0100h\0h\x01\x93"),
    tuple(command),
    op("R"),
  ),
  "STACK_GLOBAL with names memoised by MEMOIZE": pickle(
    module,
    op("\x94"),
    name,
    op("\x9400h\0h\x01\x93"),
    tuple(command),
    op("R"),
  ),
  "a name with dots": pickle(text("os.path"), text("os.system"), op("\x93"), tuple(command), op("R")),
  "a name with a line's end": pickle(text("collections\nOrderedDict\x93"), text("x"), op("\x93)R")),
  EXT1: pickle(op("\x82\x01"), tuple(command), op("R")),
  EXT2: pickle(op("\x83\x01\x01"), tuple(command), op("R")),
  EXT4: pickle(op("\x84\x01\x01\x01\x01"), tuple(command), op("R")),
  "a pickle in a pickle": pickle(
    reduce(global("pickle", "loads"), shortBytes(pickle(reduce(system, command)))),
  ),
  "an outcome that is called": pickle(reduce(reduce(global("collections", "OrderedDict")), command)),
  PERSID: pickle(op("Pstorage\n")),
  "BINPERSID of a call": pickle(reduce(system, command), op("Q")),
  NEXT_BUFFER: pickle(op("\x97")),
  READONLY_BUFFER: pickle(op("N\x98")),
  "a cut long frame": pickle(op("\x95\xff\xff\xff\xff\xff\xff\xff\x7f"), reduce(system, command)),
  "a length beyond the file": pickle(op("\x8e\xff\xff\xff\xff\0\0\0\0")),
  "a protocol of the future": Buffer.from("8006" + "4e2e", "hex"),
  "an empty stack": pickle(op("0")),
  "a call without arguments": pickle(op("R")),
  "no end": pickle(op("N")).subarray(0, 3),
};

const readers = [
  ["arrays", undefined],
  ["weights", torchVocabulary],
] as const;

describe.each(readers)("read as %s", (_, vocabulary) => {
  const read = (bytes: Buffer) => readPickle(bytes, "file.pkl", vocabulary);

  it.each(dangerous)("%s.%s is refused by name", (from, callee) => {
    expect(() => read(pickle(reduce(global(from, callee), command)))).toThrowError(`${from}.${callee}`);
  });

  it.each(Object.entries(tricks))("%s is refused", (_name, bytes) => {
    let refusal: unknown;
    try {
      read(bytes);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(ReatError);
    expect((refusal as Error).message).toMatch(/^file\.pkl \S.*\.$/);
    expect((refusal as Error).message).not.toMatch(
      /Cannot read|is not a function|Maximum call stack|\bundefined\b/,
    );
  });

  it("what follows the end is not read", () => {
    expect(read(Buffer.concat([pickle(integer(7)), pickle(reduce(system, command))]))).toBe(7);
  });

  it("a long frame that is whole is no more than its contents", () => {
    const body = Buffer.concat([text("x".repeat(100_000)), op(".")]);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(body.length));
    expect(read(Buffer.concat([Buffer.from("800495", "hex"), length, body]))).toHaveLength(100_000);
  });

  it("a memo that doubles costs what its opcodes do", () => {
    const doubled = Array.from({ length: 60 }, (_, n) => Buffer.from([0x71, n, 0x68, n, 0x86]));
    const began = process.cpuUsage();
    let ended = "read";
    try {
      read(pickle(op(")"), ...doubled));
    } catch (error) {
      expect(error).toBeInstanceOf(ReatError);
      ended = "refused";
    }
    expect(["read", "refused"]).toContain(ended);
    expect(process.cpuUsage(began).user).toBeLessThan(2e6);
  });

  it("a list within itself is a value like others", () => {
    const value = read(pickle(op("]q\0h\0a")));
    expect((value as unknown[])[0]).toBe(value);
  });
});
