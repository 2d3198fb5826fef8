// A pickle reader that runs no code: plain Python values, and the objects of a closed vocabulary.
import { ReatError } from "../errors.js";
import { unescapeUnicode, unquote } from "./escapes.js";
import { isDeeper } from "./nesting.js";
import { numpyVocabulary } from "./numpy-arrays.js";
import {
  type PickleContext,
  type Pickled,
  PickledGlobal,
  PickledObject,
  type PickleVocabulary,
} from "./vocabulary.js";

/** A file of some bytes could otherwise ask for work and memory without end. */
const limits = { instructions: 5_000_000, containers: 1_000_000, depth: 1_000, message: 400 };

const markSymbol = Symbol("mark");
type Slot = Pickled | typeof markSymbol;

/**
 * Reads one pickle of protocol 0 to 5. A global outside the vocabulary is refused by name, so a file can only make
 * the reader build values.
 * @param where how errors name the file
 * @param vocabulary default: NumPy's arrays of bytes and integers
 * @throws ReatError `data` for a cut-off file, an unknown opcode, a refused global, or values nested or multiplied without sense
 */
export function readPickle(
  bytes: Uint8Array,
  where: string,
  vocabulary: PickleVocabulary = numpyVocabulary,
): Pickled {
  return readPickleAt(bytes, 0, where, vocabulary).value;
}

/** As {@link readPickle}, from a position in a file that has more after the pickle. @returns also the end of the pickle */
export function readPickleAt(
  bytes: Uint8Array,
  start: number,
  where: string,
  vocabulary: PickleVocabulary = numpyVocabulary,
): { readonly value: Pickled; readonly end: number } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new PickleReader(buffer, start, where, vocabulary).read();
}

class PickleReader implements PickleContext {
  readonly #bytes: Buffer;
  readonly #stack: Slot[] = [];
  readonly #memo = new Map<number, Pickled>();
  #at: number;
  #instructions = 0;
  #containers = 0;

  constructor(
    bytes: Buffer,
    start: number,
    readonly where: string,
    readonly vocabulary: PickleVocabulary,
  ) {
    this.#bytes = bytes;
    this.#at = start;
  }

  read(): { value: Pickled; end: number } {
    for (;;) {
      const opcode = this.#byte();
      if (opcode === 0x2e) break; // STOP
      if (++this.#instructions > limits.instructions) {
        this.fail(`it has more than ${limits.instructions} instructions`);
      }
      this.#run(opcode);
    }
    const value = this.#pop();
    if (isDeeper(value, limits.depth)) this.fail(`its values are nested more than ${limits.depth} deep`);
    return { value, end: this.#at };
  }

  fail(what: string): never {
    const told = what.length > limits.message ? `${what.slice(0, limits.message)}…` : what;
    throw new ReatError("data", `${this.where} cannot be read as a pickle: ${told}.`);
  }

  #push(container: Pickled[] | Map<Pickled, Pickled>): void {
    if (++this.#containers > limits.containers) {
      this.fail(`it has more than ${limits.containers} lists, tuples and dictionaries`);
    }
    this.#stack.push(container);
  }

  #run(opcode: number): void {
    const stack = this.#stack;
    const op = String.fromCharCode(opcode);
    switch (op) {
      case "\x80": // PROTO
        if (this.#byte() > 5) this.fail("its protocol is newer than 5");
        return;
      case "\x95": // FRAME
        this.#take(8);
        return;
      case "(":
        stack.push(markSymbol);
        return;
      case "0":
        this.#pop();
        return;
      case "1":
        this.#popToMark();
        return;
      case "2":
        stack.push(this.#top());
        return;
      // Numbers and constants
      case "N":
        return void stack.push(null);
      case "\x88":
        return void stack.push(true);
      case "\x89":
        return void stack.push(false);
      case "I": {
        const line = this.#line();
        return void stack.push(line === "01" ? true : line === "00" ? false : this.#number(line));
      }
      case "L":
        return void stack.push(this.#number(this.#line().replace(/L$/, "")));
      case "F":
        return void stack.push(this.#number(this.#line()));
      case "K":
        return void stack.push(this.#byte());
      case "M":
        return void stack.push(this.#take(2).readUInt16LE());
      case "J":
        return void stack.push(this.#take(4).readInt32LE());
      case "\x8a":
        return void stack.push(this.#long(this.#byte()));
      case "G":
        return void stack.push(this.#take(8).readDoubleBE());
      // Text and bytes
      case "S":
        return void stack.push(unquote(this.#line()));
      case "V":
        return void stack.push(unescapeUnicode(this.#line(), this));
      case "U":
      case "C":
        return void stack.push(this.#take(this.#byte()).toString("latin1"));
      case "T":
      case "B":
        return void stack.push(this.#text(this.#length4()));
      case "\x8e":
        return void stack.push(this.#text(this.#length8()));
      case "\x96":
        return void stack.push(this.#take(this.#length8()));
      case "\x8c":
        return void stack.push(this.#take(this.#byte()).toString("utf8"));
      case "X":
        return void stack.push(this.#take(this.#length4()).toString("utf8"));
      case "\x8d":
        return void stack.push(this.#take(this.#length8()).toString("utf8"));
      // Containers
      case "]":
      case ")":
      case "\x8f": // a set, whose order says nothing, as a list
        return void this.#push([]);
      case "}":
        return void this.#push(new Map());
      case "l":
      case "t":
      case "\x91":
        return void this.#push(this.#popToMark());
      case "d":
        return void this.#push(this.#fill(new Map(), this.#popToMark()));
      case "\x85":
        return void this.#push([this.#pop()]);
      case "\x86":
        return void this.#push(this.#popMany(2));
      case "\x87":
        return void this.#push(this.#popMany(3));
      case "a": {
        const value = this.#pop();
        return void this.#list(this.#top()).push(value);
      }
      case "e":
      case "\x90": {
        const values = this.#popToMark();
        const list = this.#list(this.#top());
        for (const value of values) list.push(value);
        return;
      }
      case "s": {
        const [key, value] = this.#popMany(2);
        return void this.#fill(this.#top(), [key!, value!]);
      }
      case "u": {
        const pairs = this.#popToMark();
        return void this.#fill(this.#top(), pairs);
      }
      // Memo
      case "p":
        return void this.#memo.set(this.#number(this.#line()), this.#top());
      case "q":
        return void this.#memo.set(this.#byte(), this.#top());
      case "r":
        return void this.#memo.set(this.#length4(), this.#top());
      case "\x94":
        return void this.#memo.set(this.#memo.size, this.#top());
      case "g":
        return void stack.push(this.#recall(this.#number(this.#line())));
      case "h":
        return void stack.push(this.#recall(this.#byte()));
      case "j":
        return void stack.push(this.#recall(this.#length4()));
      // Objects
      case "c":
        return void stack.push(new PickledGlobal(`${this.#line()}.${this.#line()}`));
      case "\x93": {
        const [module, name] = this.#popMany(2);
        if (typeof module !== "string" || typeof name !== "string") {
          this.fail("it names something by values that are no texts");
        }
        return void stack.push(new PickledGlobal(`${module}.${name}`));
      }
      case "R":
      case "\x81": {
        const [callee, args] = this.#popMany(2);
        if (!(callee instanceof PickledGlobal) || !Array.isArray(args))
          this.fail("it calls something that has no name");
        return void stack.push(this.vocabulary.call(callee.name, args, this));
      }
      case "Q": {
        const id = this.#pop();
        if (!this.vocabulary.persistent) this.fail("it refers to something outside of itself");
        return void stack.push(this.vocabulary.persistent(id, this));
      }
      case "b": {
        const state = this.#pop();
        const target = this.#top();
        // Attributes set on a dictionary do not change its entries.
        if (target instanceof Map) return;
        if (!(target instanceof PickledObject))
          this.fail("it sets the state of something that is no NumPy array");
        target.setState(state, this);
        return;
      }
      default:
        this.fail(
          `opcode 0x${opcode.toString(16).padStart(2, "0")} at byte ${this.#at - 1} is not accepted here`,
        );
    }
  }

  #take(count: number): Buffer {
    if (this.#at + count > this.#bytes.length) this.fail("it ends in the middle");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  #byte(): number {
    return this.#take(1)[0]!;
  }

  #length4(): number {
    return this.#take(4).readUInt32LE();
  }

  #length8(): number {
    return Number(this.#take(8).readBigUInt64LE());
  }

  // Pixels come as Python 2 strings or as bytes; one that long is never a name, so it stays bytes.
  #text(length: number): string | Uint8Array {
    const bytes = this.#take(length);
    return length > 256 ? bytes : bytes.toString("latin1");
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) this.fail("it ends in the middle");
    const line = this.#bytes.toString("latin1", this.#at, end);
    this.#at = end + 1;
    return line;
  }

  #number(text: string): number {
    const value = Number(text);
    if (text.trim() === "" || Number.isNaN(value)) this.fail(`"${text}" is not a number`);
    return value;
  }

  #long(length: number): number {
    const bytes = this.#take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
    return Number(BigInt.asIntN(8 * length, value));
  }

  #pop(): Pickled {
    const value = this.#stack.pop();
    if (value === undefined || value === markSymbol) this.fail("its stack runs empty");
    return value;
  }

  #top(): Pickled {
    const value = this.#stack.at(-1);
    if (value === undefined || value === markSymbol) this.fail("its stack runs empty");
    return value;
  }

  #popMany(count: number): Pickled[] {
    return Array.from({ length: count }, () => this.#pop()).reverse();
  }

  #popToMark(): Pickled[] {
    const mark = this.#stack.lastIndexOf(markSymbol);
    if (mark < 0) this.fail("its stack runs empty");
    const values = this.#stack.splice(mark) as Pickled[];
    values.shift();
    return values;
  }

  #recall(key: number): Pickled {
    const value = this.#memo.get(key);
    if (value === undefined) this.fail(`it refers to value ${key} before it is there`);
    return value;
  }

  #list(value: Pickled): Pickled[] {
    return Array.isArray(value) ? value : this.fail("it appends to something that is no list");
  }

  #fill(target: Pickled, pairs: Pickled[]): Map<Pickled, Pickled> {
    if (!(target instanceof Map)) this.fail("it sets items of something that is no dictionary");
    for (let i = 0; i + 1 < pairs.length; i += 2) target.set(pairs[i]!, pairs[i + 1]!);
    return target;
  }
}
