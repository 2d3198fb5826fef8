// Lists what is in a folder, at all levels: files, folders, and broken links.
import { type Dirent, readdirSync, readlinkSync, realpathSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { decodeName, type ListedFile, type Listing, type SourceProblem } from "../../archives/index.js";
import { ReatError } from "../../errors.js";
import { compareNames, isHidden } from "./names.js";

/**
 * Files in the order of their paths, links to files and folders followed. Hidden files are left out.
 * @throws ReatError `data` for a name that is no UTF-8, a folder that cannot be read, or more files than `limit`
 */
export function listFolder(root: string, limit: number): Listing {
  const walk = new Walk(root, limit);
  walk.folder("", [realpathSync(root)]);
  return { files: walk.files, folders: walk.folders, problems: walk.problems, notes: [] };
}

class Walk {
  readonly files: ListedFile[] = [];
  readonly folders: string[] = [];
  readonly problems: SourceProblem[] = [];

  constructor(
    readonly root: string,
    readonly limit: number,
  ) {}

  /** @param above the real paths of this folder and those it was reached through */
  folder(below: string, above: readonly string[]): void {
    for (const entry of this.#entries(below)) {
      if (isHidden(entry.name)) continue;
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      const stats = this.#stats(path, entry);
      if (!stats) continue;
      if (stats.isDirectory()) {
        const real = entry.isSymbolicLink() ? realpathSync(join(this.root, path)) : undefined;
        if (real !== undefined && above.includes(real)) {
          this.problems.push({ path, why: "is a link to a folder that holds it" });
          continue;
        }
        this.folders.push(path);
        this.folder(path, [...above, real ?? join(above.at(-1)!, entry.name)]);
      } else if (stats.isFile()) {
        this.files.push({ path, size: stats.size, at: this.files.length });
        if (this.files.length > this.limit) {
          throw new ReatError(
            "data",
            `${this.root} holds more than ${this.limit} files, which is the limit (data.limits.files).`,
          );
        }
      } else this.problems.push({ path, why: "is no file but a pipe, socket or device" });
    }
  }

  #entries(below: string): Dirent<string>[] {
    const folder = join(this.root, below);
    try {
      // Decoding would turn every byte that is not UTF-8 into the same character.
      for (const name of readdirSync(folder, { encoding: "buffer" })) {
        const { text, legacy } = decodeName(name, "latin1");
        if (!legacy) continue;
        const shown = [...text].map((c) => (c < "\x80" ? c : `\\x${c.charCodeAt(0).toString(16)}`)).join("");
        throw new ReatError("data", `The name "${shown}" in ${folder} is no UTF-8; rename it.`);
      }
      return readdirSync(folder, { withFileTypes: true }).sort((a, b) => compareNames(a.name, b.name));
    } catch (cause) {
      if (cause instanceof ReatError) throw cause;
      throw new ReatError("data", `The folder ${folder} cannot be read: ${(cause as Error).message}.`, {
        cause,
      });
    }
  }

  /** A link's own type says nothing about what it points to. */
  #stats(path: string, entry: Dirent<string>): Stats | undefined {
    const full = join(this.root, path);
    try {
      return statSync(full);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (!entry.isSymbolicLink()) this.problems.push({ path, why: `cannot be read (${message})` });
      else {
        const why = code === "ELOOP" ? "which leads round in a loop" : "which is not there";
        this.problems.push({ path, why: `is a link to ${readlinkSync(full)}, ${why}` });
      }
      return undefined;
    }
  }
}
