// Several processes that work on one training or measurement: they add, share and collect tensors.
import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { hostname } from "node:os";
import { ReatError } from "../errors.js";
import { tensor } from "./creation.js";
import { asTensorError } from "./errors.js";
import type { Device } from "./handle.js";
import { native } from "./native.js";
import { Tensor } from "./tensor.js";

/** Where a group meets, and who this process is in it. */
export interface ProcessGroupOptions {
  /** This process's number, from 0 to `size` − 1. */
  readonly rank: number;
  /** Processes of the group, at least 1. */
  readonly size: number;
  /** Name or address of the machine that rank 0 runs on. */
  readonly host: string;
  /** A free TCP port there, from 1 to 65535; rank 0 listens at it. */
  readonly port: number;
  /** This machine's address as the others reach it. Default: the one from which `host` is reached. */
  readonly address?: string | undefined;
  /** How long a call waits for the other processes, in seconds, above 0. Default: 600. */
  readonly timeout?: number | undefined;
}

/** State and constants of a batch normalisation over several processes. */
export interface SharedBatchNormArguments {
  readonly weight: Tensor;
  readonly bias: Tensor;
  /** Absent together with `runningVar`: none are kept. */
  readonly runningMean: Tensor | null;
  readonly runningVar: Tensor | null;
  readonly momentum: number;
  readonly eps: number;
  readonly meanLoss: boolean;
}

/** How long a call waits for the others where nothing else is asked for, in seconds. */
export const processGroupTimeout = 600;

/**
 * A group of processes on one or several machines, by LibTorch's own process groups: over Gloo for tensors on the CPU, and over NCCL for
 * those on CUDA where the addon has it. All processes make the same calls in the same order, and each call begins
 * when the one before has ended. They wait in another thread: JavaScript, and with it the handling of signals, goes on.
 */
export class ProcessGroup implements AsyncDisposable {
  #handle: number | null;
  /** Ends with the last call, as NCCL needs one order everywhere; null while there is none. */
  #turn: Promise<void> | null = null;
  /** Those that were lost, once a call has failed. */
  #lost: Promise<readonly number[]> | null = null;

  private constructor(
    handle: number,
    readonly rank: number,
    readonly size: number,
    readonly timeout: number,
  ) {
    this.#handle = handle;
  }

  /**
   * Waits until all processes of the group are there.
   * @throws ReatError `usage` for a rank, size, port or time that is none, `environment` where the others do not come in time, the port is
   *   taken, or this LibTorch has no process groups
   */
  static async open(options: ProcessGroupOptions): Promise<ProcessGroup> {
    const { rank, size, host, port, timeout = processGroupTimeout } = options;
    requireWhole("number of processes", size, 1, Number.MAX_SAFE_INTEGER);
    requireWhole("rank", rank, 0, size - 1);
    requireWhole("port", port, 1, 65535);
    if (!(timeout > 0 && Number.isFinite(timeout))) {
      throw new ReatError("usage", `A time limit of ${timeout} seconds was given; it must be above 0.`);
    }
    const addon = native();
    if (addon.openGroup === undefined) {
      throw new ReatError(
        "environment",
        "This LibTorch was built without process groups (c10d with Gloo), so several processes cannot work together.",
      );
    }
    const where = `${host}:${port}`;
    try {
      const address = options.address ?? (await ownAddress(host, port));
      const handle = await addon.openGroup(host, port, rank, size, address, Math.ceil(1000 * timeout));
      return new ProcessGroup(handle, rank, size, timeout);
    } catch (cause) {
      if (cause instanceof ReatError) throw cause;
      throw new ReatError(
        "environment",
        `Process ${rank} of ${size} did not meet the others at ${where} within ${timeout} s: ${plainReason(cause)}.`,
        { cause },
      );
    }
  }

  /** What the addon's groups work over: Gloo where LibTorch has process groups, and NCCL where its headers were found at set-up. */
  static backends(): readonly ("Gloo" | "NCCL")[] {
    const addon = native();
    if (addon.openGroup === undefined) return [];
    return addon.sharesCuda ? ["Gloo", "NCCL"] : ["Gloo"];
  }

  /**
   * Where tensors of `device` are to lie when they are exchanged: there if all processes have NCCL and a GPU of their own, which NCCL
   * needs, else on the CPU. All processes ask at the same time, each for its own device.
   * @throws as {@link allGather}
   */
  async carrierOf(device: Device): Promise<Device> {
    const onNccl = device.startsWith("cuda") && ProcessGroup.backends().includes("NCCL");
    using own = tensor(onNccl ? gpuKey(device, process.env) : new Uint8Array(keyBytes), { dtype: "uint8" });
    using all = await this.allGather(own);
    const bytes = Buffer.from(all.toTypedArray() as Uint8Array);
    const keys = Array.from({ length: this.size }, (_, rank) =>
      bytes.toString("hex", rank * keyBytes, (rank + 1) * keyBytes),
    );
    const eachHasItsOwn = new Set(keys).size === this.size && keys.every((key) => !/^0+$/.test(key));
    return eachHasItsOwn ? device : "cpu";
  }

  /**
   * Adds a tensor over all processes, in place; in an order of Gloo's or NCCL's own.
   * @throws as {@link barrier}, ReatError `usage` for a tensor that is not contiguous or on a device that is not shared
   */
  async allReduce(tensor: Tensor): Promise<void> {
    await this.#call("adding", (handle) => native().allReduce!(handle, tensor._handle));
  }

  /** Replaces a tensor by that of process `root`, in place. @throws as {@link allReduce} */
  async broadcast(tensor: Tensor, root: number): Promise<void> {
    requireWhole("rank", root, 0, this.size - 1);
    await this.#call("sharing", (handle) => native().broadcast!(handle, tensor._handle, root));
  }

  /** @returns each process's tensor, `[size, …]` in the order of ranks. @throws as {@link allReduce} */
  async allGather(tensor: Tensor): Promise<Tensor> {
    return new Tensor(
      await this.#call("collecting", (handle) => native().allGather!(handle, tensor._handle)),
    );
  }

  /** Waits until every process has come here. @throws ReatError `environment` where one has ended, or does not come in time */
  async barrier(): Promise<void> {
    await this.#call("waiting", (handle) => native().barrier!(handle));
  }

  /**
   * Batch normalisation of [N, channels, …] by the statistics of all processes' inputs together, which moves the running statistics where
   * they are given. The gradient goes through all processes, which take it at the same time. Moments are added in the order of ranks. In contrast to the
   * other calls, JavaScript waits.
   * @param args `meanLoss`: whether the processes' losses are means over their images, which count by their numbers of images, or sums
   * @throws TensorError that {@link failureOf} explains
   */
  batchNorm(input: Tensor, args: SharedBatchNormArguments): Tensor {
    const { weight, bias, runningMean, runningVar, momentum, eps, meanLoss } = args;
    const handle = this.#handle;
    if (handle === null) throw closed();
    const running = [runningMean?._handle ?? null, runningVar?._handle ?? null] as const;
    return asTensorError(
      () =>
        new Tensor(
          native().sharedBatchNorm!(
            ...[handle, input._handle, weight._handle, bias._handle],
            ...[...running, momentum, eps, meanLoss],
          ),
        ),
    );
  }

  /** The error that names the lost process where `cause` came of one in the middle of a pass, see {@link batchNorm}; else `cause`. */
  async failureOf(cause: unknown): Promise<unknown> {
    const [, reason] = /the exchange between processes failed: (.*)$/s.exec(plainReason(cause)) ?? [];
    if (reason === undefined || this.#handle === null) return cause;
    this.#lost ??= native().rollCall!(this.#handle).catch(() => []);
    return this.#failure("normalising", await this.#lost, plainReason(reason), cause);
  }

  /** Leaves the group; the others' next call fails, unless they leave too. Closing again does nothing. */
  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    if (handle !== null) await native().closeGroup!(handle);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #call<T>(what: string, body: (handle: number) => Promise<T>): Promise<T> {
    // Without another call before it, it begins at once.
    const call = this.#turn
      ? this.#turn.then(() => this.#callAlone(what, body))
      : this.#callAlone(what, body);
    const turn = call.then(
      () => {},
      () => {},
    );
    this.#turn = turn;
    turn.then(() => {
      if (this.#turn === turn) this.#turn = null;
    });
    return call;
  }

  async #callAlone<T>(what: string, body: (handle: number) => Promise<T>): Promise<T> {
    if (this.#handle === null) throw closed();
    if (this.#lost) throw this.#failure(what, await this.#lost, "an earlier call failed");
    try {
      return await body(this.#handle);
    } catch (cause) {
      const reason = plainReason(cause);
      if (/must be contiguous/.test(reason)) throw new ReatError("usage", `${reason}.`, { cause });
      this.#lost ??= native().rollCall!(this.#handle).catch(() => []);
      throw this.#failure(what, await this.#lost, reason, cause);
    }
  }

  #failure(what: string, lost: readonly number[], reason: string, cause?: unknown): ReatError {
    const whom = lost.length === 0 ? "the others" : lost.map((rank) => `process ${rank}`).join(" and ");
    return new ReatError(
      "environment",
      `Process ${this.rank} of ${this.size} lost ${whom} while ${what}: ${reason}.`,
      { cause },
    );
  }
}

const closed = () => new ReatError("usage", "The group of processes was closed.");

const keyBytes = 32;

/**
 * Alike in two processes that have the same GPU of a machine. Containers, which number their GPUs anew, have host names of their own.
 * @param env whose CUDA_VISIBLE_DEVICES numbers the GPUs anew as well
 */
export function gpuKey(device: Device, env: Readonly<Record<string, string | undefined>>): Uint8Array {
  const index = device.split(":")[1] ?? "0";
  const visible = env.CUDA_VISIBLE_DEVICES?.split(",")[Number(index)]?.trim();
  return createHash("sha256")
    .update(`${hostname()}\0${visible || index}`)
    .digest();
}

/** LibTorch's words without the place in its sources and without a full stop. */
function plainReason(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.replace(/^\[[^\]]*:\d+\]\s*/, "").replace(/[.\s]+$/, "");
}

function requireWhole(what: string, value: number, from: number, to: number): void {
  if (Number.isInteger(value) && value >= from && value <= to) return;
  const range =
    to === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${from}` : `from ${from} to ${to}`;
  throw new ReatError("usage", `A ${what} of ${value} was given; accepted is ${range}.`);
}

/** The address from which a host is reached. Nothing is sent: the system only looks its routes up. */
async function ownAddress(host: string, port: number): Promise<string> {
  const { address, family } = await lookup(host);
  const socket = createSocket(family === 6 ? "udp6" : "udp4");
  try {
    socket.connect(port, address);
    await once(socket, "connect");
    return socket.address().address;
  } finally {
    socket.close();
  }
}
