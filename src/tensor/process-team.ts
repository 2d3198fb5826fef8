// Processes that work in step: they stop at the same moment, and check that they still agree.
import { type ErrorCode, ReatError } from "../errors.js";
import { tensor } from "./creation.js";
import type { ProcessGroup } from "./process-group.js";
import type { Tensor } from "./tensor.js";

/**
 * A process group whose members stop together. Each may be asked to stop at any moment; it sends `asked` along with what it
 * exchanges next and gives the sum to `hear`, so that `signal` is aborted in all processes after the same exchange.
 */
export class ProcessTeam {
  readonly #controller = new AbortController();

  /** @param own asks this process to stop, such as Ctrl-C's */
  constructor(
    readonly group: ProcessGroup,
    readonly own?: AbortSignal,
  ) {}

  get rank(): number {
    return this.group.rank;
  }

  get size(): number {
    return this.group.size;
  }

  /** Whether this process is the one that writes files and prints. */
  get leads(): boolean {
    return this.rank === 0;
  }

  /** Aborted once all processes know that one was asked to stop. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 1 where this process was asked to stop, else 0. */
  get asked(): number {
    return this.own?.aborted ? 1 : 0;
  }

  /** @param sum of all processes' `asked` */
  hear(sum: number): void {
    if (sum === 0 || this.signal.aborted) return;
    this.#controller.abort(
      this.own?.aborted ? this.own.reason : new Error("another process was interrupted"),
    );
  }

  /** @returns the bytes of rank 0, which alone need be given there. @throws as `ProcessGroup.broadcast` */
  async fromLeader(bytes: Uint8Array): Promise<Uint8Array> {
    using length = tensor(BigInt64Array.of(BigInt(bytes.length)));
    await this.group.broadcast(length, 0);
    if (length.item() === 0) return new Uint8Array();
    using all = tensor(this.leads ? bytes : new Uint8Array(length.item()), { dtype: "uint8" });
    await this.group.broadcast(all, 0);
    return bytesOf(all);
  }

  /**
   * Rank 0 alone runs `body`; all get what it returns, which is sent as JSON.
   * @throws in all processes what `body` throws: a ReatError with its code, anything else as `environment` in the others
   */
  async decide<T>(body: () => T | Promise<T>): Promise<T> {
    if (!this.leads) {
      const told = fromJson<Decision<T>>(await this.fromLeader(new Uint8Array()));
      if (told.failed === undefined) return told.value as T;
      throw new ReatError(told.failed.code, told.failed.message);
    }
    try {
      const value = await body();
      await this.fromLeader(toJson({ value }));
      return value;
    } catch (cause) {
      const code = cause instanceof ReatError ? cause.code : "environment";
      const message = cause instanceof Error ? cause.message : String(cause);
      await this.fromLeader(toJson({ failed: { code, message } })).catch(() => {});
      throw cause;
    }
  }

  /**
   * Hears besides whether a process is asked to stop.
   * @returns each process's value, which is sent as JSON, in the order of ranks
   * @throws as `ProcessGroup.allGather`
   */
  async exchange<T>(value: T): Promise<T[]> {
    const own = toJson({ value });
    using sizes = await this.#gather(BigInt64Array.of(BigInt(own.length), BigInt(this.asked)), "int64");
    const [lengths, asked] = [0, 1].map((at) => column(sizes, at)) as [number[], number[]];
    const longest = Math.max(...lengths);
    const padded = new Uint8Array(longest);
    padded.set(own);
    using all = await this.#gather(padded, "uint8");
    const bytes = bytesOf(all);
    this.hear(asked.reduce((sum, one) => sum + one, 0));
    return lengths.map(
      (length, rank) => fromJson<{ value: T }>(bytes.subarray(rank * longest, rank * longest + length)).value,
    );
  }

  async #gather(values: BigInt64Array | Uint8Array, dtype: "int64" | "uint8"): Promise<Tensor> {
    using own = tensor(values, { dtype });
    return await this.group.allGather(own);
  }

  /**
   * @param digest SHA-256, in hexadecimal, of something that all should have alike
   * @throws ReatError `environment` naming the processes whose own differs from rank 0's
   */
  async requireSame(digest: string, what: string): Promise<void> {
    using own = tensor(Uint8Array.from(Buffer.from(digest, "hex")), { dtype: "uint8" });
    using all = await this.group.allGather(own);
    const rows = Array.from({ length: this.size }, (_, rank) => rowText(all, rank));
    const differing = rows.flatMap((row, rank) => (row === rows[0] ? [] : [rank]));
    if (differing.length === 0) return;
    throw new ReatError(
      "environment",
      `The ${what} of process ${differing.join(", ")} differ from those of process 0, so the processes do not compute the same; they need the same program, LibTorch, kind of processor and number of threads.`,
    );
  }
}

interface Decision<T> {
  readonly value?: T;
  readonly failed?: { readonly code: ErrorCode; readonly message: string };
}

const toJson = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

function fromJson<T>(bytes: Uint8Array): T {
  return JSON.parse(Buffer.from(bytes).toString("utf8")) as T;
}

function bytesOf(bytes: Tensor): Uint8Array {
  const { buffer, byteOffset, byteLength } = bytes.toTypedArray();
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function column(rows: Tensor, at: number): number[] {
  using own = rows.select(1, at);
  return own.toArray();
}

function rowText(rows: Tensor, at: number): string {
  using row = rows.select(0, at);
  return String(row.toArray());
}
