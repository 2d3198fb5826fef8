// An unfinished measurement on disk: its state, and the tensors of each of its steps.
import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder, writeDurably } from "../../durable-file.js";
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from "../../training/index.js";

/** What was saved: the newest state, and the tensors of all its steps in their order. */
export interface PartialContent<State> {
  readonly state: State;
  readonly parts: readonly ReadonlyMap<string, StoredTensor>[];
}

interface Stored<State> {
  readonly identity: string;
  readonly parts: number;
  readonly state: State;
}

/**
 * A folder of small files, each written durably. A kill leaves either a step with its tensors or nothing of it. It belongs to
 * one measurement, known by its identity; what another one left under the same name is ignored.
 */
export class PartialFolder<State> {
  #parts = 0;

  constructor(
    readonly path: string,
    /** All that decides the measurement's numbers. */
    readonly identity: string,
  ) {}

  get #stateFile(): string {
    return join(this.path, "state.json");
  }

  #partFile(index: number): string {
    return join(this.path, `part-${String(index).padStart(5, "0")}.safetensors`);
  }

  /** What was saved; null where nothing usable was: then the measurement starts from the beginning. */
  read(): PartialContent<State> | null {
    if (!existsSync(this.#stateFile)) return null;
    try {
      const stored = JSON.parse(readFileSync(this.#stateFile, "utf8")) as Stored<State>;
      if (stored.identity !== this.identity) return null;
      const parts = Array.from({ length: stored.parts }, (_, index) => {
        const file = this.#partFile(index);
        return decodeSafetensors(readFileSync(file), file).tensors;
      });
      this.#parts = parts.length;
      return { state: stored.state, parts };
    } catch {
      this.#parts = 0;
      return null;
    }
  }

  /** Saves a step, or several at once. @throws ReatError `disk` */
  async save(state: State, ...steps: (ReadonlyMap<string, StoredTensor> | undefined)[]): Promise<void> {
    makeFolder(this.path);
    for (const tensors of steps) {
      if (!tensors) continue;
      await writeDurably(this.#partFile(this.#parts), encodeSafetensors({ tensors, metadata: {} }));
      this.#parts += 1;
    }
    // Written last: a part that the state does not count yet is overwritten by the next one.
    const stored: Stored<State> = { identity: this.identity, parts: this.#parts, state };
    await writeDurably(this.#stateFile, JSON.stringify(stored));
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
