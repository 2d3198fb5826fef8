// Who frees a tensor: the innermost scope, its owner, or as a last resort the garbage collector.
import { native } from "./native.js";

/** What is needed of a tensor to free it once. */
export interface OwnedTensor {
  /** @internal Handle in the addon's table. */
  readonly _handle: number;
  /** @internal Set by `keep`: scopes leave the tensor alone. */
  _kept: boolean;
  /** @internal The collector's backstop knows the tensor. */
  _collected: boolean;
  readonly isDisposed: boolean;
  dispose(): void;
}

let current: OwnedTensor[] | undefined;

// JavaScript's collector does not see native memory, so this only catches what no scope and no owner freed.
const backstop = new FinalizationRegistry<number>((handle) => {
  native().dispose(handle);
});

/** @internal Puts a new tensor under the innermost scope, or under the collector where there is none. */
export function adopt(tensor: OwnedTensor): void {
  if (current) current.push(tensor);
  else collectLater(tensor);
}

function collectLater(tensor: OwnedTensor): void {
  tensor._collected = true;
  backstop.register(tensor, tensor._handle, tensor);
}

/** @internal A tensor was freed by hand. */
export function forget(tensor: OwnedTensor): void {
  if (tensor._collected) backstop.unregister(tensor);
}

/** Takes a tensor out of all open scopes: whoever keeps it disposes it. Returns it. */
export function keep<T extends OwnedTensor>(tensor: T): T {
  if (!tensor._kept) {
    tensor._kept = true;
    if (!tensor._collected) collectLater(tensor);
  }
  return tensor;
}

/**
 * Runs `body` and frees every tensor made in it, except those that are kept or found in its result (inside arrays,
 * plain objects, maps and sets); these pass to the enclosing scope. `body` must be synchronous.
 * @throws TypeError when `body` returns a promise.
 */
export function scope<T>(body: () => T): T {
  const outer = current;
  const mine: OwnedTensor[] = [];
  const survivors = new Set<unknown>();
  current = mine;
  try {
    const result = body();
    if (result instanceof Promise) throw new TypeError("scope() needs a synchronous function");
    collect(result, survivors);
    return result;
  } finally {
    current = outer;
    for (const tensor of mine) {
      if (tensor._kept || tensor.isDisposed) continue;
      if (survivors.has(tensor)) adopt(tensor);
      else tensor.dispose();
    }
  }
}

/** What `held` gives: dispose it to free the tensors. */
export interface Held<T> extends Disposable {
  readonly value: T;
}

/**
 * Runs `body` as {@link scope} does, but the tensors made in it live on until the result is disposed of: for work that goes on after
 * other processes were waited for. `body` must be synchronous.
 */
export function held<T>(body: () => T): Held<T> {
  const outer = current;
  const mine: OwnedTensor[] = [];
  const free = () => {
    for (const tensor of mine) if (!tensor.isDisposed) tensor.dispose();
  };
  current = mine;
  try {
    const value = body();
    const own = mine.filter((tensor) => !tensor._kept);
    for (const tensor of own) keep(tensor);
    mine.splice(0, mine.length, ...own);
    return { value, [Symbol.dispose]: free };
  } catch (cause) {
    mine.splice(0, mine.length, ...mine.filter((tensor) => !tensor._kept));
    free();
    throw cause;
  } finally {
    current = outer;
  }
}

/** Number of tensors that exist right now, over all scopes: constant from step to step, or something leaks. */
export function liveTensors(): number {
  return native().liveTensors();
}

// A tensor is recognised by its handle: importing its class here would be a circle.
function collect(value: unknown, found: Set<unknown>): void {
  if (typeof value !== "object" || value === null || found.has(value)) return;
  if ("_handle" in value) {
    found.add(value);
  } else if (Array.isArray(value) || value instanceof Set) {
    found.add(value);
    for (const element of value) collect(element, found);
  } else if (value instanceof Map) {
    found.add(value);
    for (const element of value.values()) collect(element, found);
  } else if (Object.getPrototypeOf(value) === Object.prototype) {
    found.add(value);
    for (const element of Object.values(value)) collect(element, found);
  }
}
