// The files that unpacking an archive would give: of equal names the last, links resolved.
import { decodeName, folderOf, insidePath } from "./entry-names.js";
import type { ListedFile, Listing, SourceProblem } from "./source-file.js";

/** An entry as it is in the archive. */
export interface ArchiveEntry {
  /** The name as the archive has it. */
  readonly name: Buffer;
  readonly kind: "file" | "folder" | "hard-link" | "symbolic-link" | "other";
  readonly size: number;
  /** Of a link: what it points to, unresolved. */
  readonly target?: Buffer;
  /** Of another kind: what it is, such as "a device". */
  readonly what?: string;
}

/** More links than this in a row are a loop, as for the file system. */
const longestChain = 40;

/** Collects entries in the archive's order. */
export class ListingBuilder {
  /** By path; of a link, what it points to, undefined for outside. */
  readonly #files = new Map<string, { at: number; size: number }>();
  readonly #links = new Map<string, { target: string | undefined; shown: string }>();
  readonly #folders = new Set<string>();
  readonly #problems: SourceProblem[] = [];
  readonly #twice = new Set<string>();
  readonly #legacy = new Set<string>();
  /** Folders that paths of files tell of. */
  readonly #parents = new Set<string>();
  #entries = 0;

  /** @param charset of names that are no UTF-8 */
  constructor(readonly charset: "latin1" | "dos") {}

  add({ name, kind, size, target, what }: ArchiveEntry): void {
    const at = this.#entries++;
    const { text, legacy } = decodeName(name, this.charset);
    const path = insidePath(text);
    if (path === undefined) {
      this.#problems.push({ path: text, why: "lies outside of the archive" });
      return;
    }
    if (path === "") return;
    if (legacy) this.#legacy.add(path);
    if (kind === "folder") {
      this.#folders.add(path);
      return;
    }
    // What is unpacked later takes the place of what was there.
    if (this.#files.delete(path) || this.#links.delete(path)) this.#twice.add(path);
    if (kind === "file") this.#files.set(path, { at, size });
    else if (kind === "other") this.#problems.push({ path, why: `is ${what}` });
    else {
      const shown = decodeName(target!, this.charset).text;
      const from = kind === "hard-link" ? "" : folderOf(path);
      const outside = kind === "symbolic-link" && shown.startsWith("/");
      this.#links.set(path, { target: outside ? undefined : insidePath(shown, from), shown });
    }
  }

  end(): Listing {
    const files: ListedFile[] = [...this.#files].map(([path, file]) => ({ path, ...file }));
    for (const { path } of files) {
      for (let up = folderOf(path); up !== "" && !this.#parents.has(up); up = folderOf(up)) {
        this.#parents.add(up);
      }
    }
    for (const [path, { shown }] of this.#links) {
      const target = this.#resolve(path);
      if (typeof target !== "string") {
        this.#problems.push({ path, why: `is a link to ${shown}, ${target.why}` });
        continue;
      }
      const file = this.#files.get(target);
      if (file) files.push({ path, ...file });
      else this.#expand(path, target, files);
    }
    files.sort((a, b) => a.at - b.at);
    return { files, folders: [...this.#folders], problems: this.#problems, notes: this.#notes() };
  }

  /** The path that remains when all links in it are followed. */
  #resolve(path: string): string | { why: string } {
    let at = path;
    for (let steps = 0; steps < longestChain; steps++) {
      const link = this.#firstLink(at);
      if (link === undefined) return this.#exists(at) ? at : { why: "which is not there" };
      const { target } = this.#links.get(link)!;
      if (target === undefined) return { why: "which lies outside of the archive" };
      at = target + at.slice(link.length);
    }
    return { why: "which leads round in a loop" };
  }

  /** The shortest beginning of a path that is a link. */
  #firstLink(path: string): string | undefined {
    if (this.#links.size === 0) return undefined;
    for (let end = path.indexOf("/"); end >= 0; end = path.indexOf("/", end + 1)) {
      if (this.#links.has(path.slice(0, end))) return path.slice(0, end);
    }
    return this.#links.has(path) ? path : undefined;
  }

  #exists(path: string): boolean {
    return path === "" || this.#files.has(path) || this.#folders.has(path) || this.#parents.has(path);
  }

  /** The files of a folder under the name of a link to it. Links within it are left, or two could hold each other. */
  #expand(link: string, folder: string, files: ListedFile[]): void {
    if (folder === "" || `${link}/`.startsWith(`${folder}/`)) {
      this.#problems.push({ path: link, why: "is a link to a folder that holds it" });
      return;
    }
    for (const [path, file] of this.#files) {
      if (path.startsWith(`${folder}/`)) files.push({ path: link + path.slice(folder.length), ...file });
    }
    for (const path of this.#links.keys()) {
      if (path.startsWith(`${folder}/`)) {
        const below = link + path.slice(folder.length);
        this.#problems.push({ path: below, why: "is a link inside of a folder that is reached by a link" });
      }
    }
  }

  #notes(): string[] {
    const notes: string[] = [];
    if (this.#twice.size > 0) {
      notes.push(
        `In the archive more than once, of which the last counts, as when it is unpacked: ${someOf([...this.#twice])}.`,
      );
    }
    if (this.#legacy.size > 0) {
      const charset = this.charset === "dos" ? "the character set of DOS" : "Latin-1";
      notes.push(`Names that are no UTF-8 were read in ${charset}: ${someOf([...this.#legacy])}.`);
    }
    return notes;
  }
}

/** "a, b, c and 5 more". */
export function someOf(names: readonly string[], shown = 3): string {
  const more = names.length - shown;
  return more > 0 ? `${names.slice(0, shown).join(", ")} and ${more} more` : names.join(", ");
}
