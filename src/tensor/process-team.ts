// Processes that work in step: they stop at the same moment, and check that they still agree.
import { ReatError } from "../errors.js";
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
    return Uint8Array.from(all.toArray());
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

function rowText(rows: Tensor, at: number): string {
  using row = rows.select(0, at);
  return String(row.toArray());
}
