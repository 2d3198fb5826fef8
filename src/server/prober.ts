// Asks the child process that holds a classifier, one order after the other.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ReatError } from "../errors.js";
import type { CheckpointName } from "../evaluation/index.js";
import type { Gallery, Probed } from "./messages.js";

export type ProbeOrder =
  | {
      readonly kind: "probe";
      readonly id: number;
      readonly run: string;
      readonly checkpoint: CheckpointName;
      readonly image: Uint8Array;
      readonly epsilon: number;
      readonly norm: "linf" | "l2";
    }
  | {
      readonly kind: "gallery";
      readonly id: number;
      readonly run: string;
      readonly checkpoint: CheckpointName;
      readonly file: string;
    };

export type ProbeAnswer =
  | { readonly id: number; readonly value: Probed | Gallery }
  | { readonly id: number; readonly error: string };

type Ordered<K extends ProbeOrder["kind"]> = Omit<Extract<ProbeOrder, { kind: K }>, "id" | "kind">;

const longestAnswer = 10 * 60_000;
/** A network that nobody asks any more gives its memory back. */
const idle = 5 * 60_000;

/** Starts its process at the first order, and again where it was killed. */
export class Prober implements Disposable {
  #child: ChildProcess | null = null;
  #next = 1;
  #before: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;

  /** @throws ReatError `data` with the reason */
  probe(order: Ordered<"probe">): Promise<Probed> {
    return this.#ask<Probed>({ kind: "probe", id: this.#next++, ...order });
  }

  /** @throws ReatError `data` with the reason */
  gallery(order: Ordered<"gallery">): Promise<Gallery> {
    return this.#ask<Gallery>({ kind: "gallery", id: this.#next++, ...order });
  }

  [Symbol.dispose](): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#child?.kill("SIGKILL");
    this.#child = null;
  }

  #ask<T>(order: ProbeOrder): Promise<T> {
    const turn = this.#before.then(() => this.#send<T>(order));
    this.#before = turn.catch(() => undefined);
    return turn;
  }

  #send<T>(order: ProbeOrder): Promise<T> {
    const child = this.#running();
    return new Promise((resolve, reject) => {
      const fail = (why: string) => done(() => reject(new ReatError("data", why)));
      const tooLong = setTimeout(() => {
        child.kill("SIGKILL");
        fail("The network took more than ten minutes and was stopped.");
      }, longestAnswer);
      const done = (settle: () => void) => {
        clearTimeout(tooLong);
        child.off("message", take).off("exit", gone);
        this.#rest();
        settle();
      };
      const take = (answer: ProbeAnswer) => {
        if (answer.id !== order.id) return;
        if ("error" in answer) fail(answer.error);
        else done(() => resolve(answer.value as T));
      };
      const gone = () =>
        fail("The process that holds the network has ended; the next request starts another.");
      child.on("message", take).on("exit", gone);
      child.send(order);
    });
  }

  #running(): ChildProcess {
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#child?.connected) return this.#child;
    const child = fork(fileURLToPath(new URL("./probe-process.js", import.meta.url)), {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    child.on("exit", () => {
      if (this.#child === child) this.#child = null;
    });
    this.#child = child;
    return child;
  }

  #rest(): void {
    this.#timer = setTimeout(() => this.#child?.kill(), idle);
    this.#timer.unref();
  }
}
