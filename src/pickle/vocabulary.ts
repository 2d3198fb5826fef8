// What a pickle may name: a closed list of Python callables, each with what it rebuilds. Every other name is refused.

/** Values that come out. Python's `str` and `bytes` both become strings; bytes are read as latin-1. Tuples are arrays. */
export type Pickled =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | PickledGlobal
  | PickledObject
  | Pickled[]
  | Map<Pickled, Pickled>;

/** A name from a Python module, as written in the file; only a {@link PickleVocabulary} decides which have a meaning. */
export class PickledGlobal {
  constructor(readonly name: string) {}
}

/** An object that a vocabulary builds. */
export abstract class PickledObject {
  /** Applies the state that a pickle hands to `__setstate__`; objects without one refuse it. */
  setState(_state: Pickled, context: PickleContext): void {
    context.fail("it sets the state of something that has none");
  }
}

/** How a vocabulary reports an error. */
export interface PickleContext {
  /** @throws ReatError naming the file */
  fail(what: string): never;
}

/** The callables that a kind of file needs, and nothing else. */
export interface PickleVocabulary {
  /** What calling `name` with `args` builds. Fails for names that are not of its list. */
  call(name: string, args: readonly Pickled[], context: PickleContext): Pickled;
  /** What a persistent id stands for. Absent: such ids are refused. */
  persistent?(id: Pickled, context: PickleContext): Pickled;
}
