// What a folder or an archive holds, known before any of it is read.
import { ReatError } from "../errors.js";

/** A regular file inside an archive or folder. `read` may be called at most once, before the next file is asked for. */
export interface SourceFile {
  /** Path inside the source, with `/` between folders. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  read(): Promise<Buffer>;
}

/** Something in a source that cannot be read as a file. */
export interface SourceProblem {
  readonly path: string;
  /** What follows the path in a sentence, such as "is a link to x, which is not there". */
  readonly why: string;
}

/** A file of a {@link Listing}. */
export interface ListedFile {
  readonly path: string;
  readonly size: number;
  /** Number of the entry that holds its bytes; a link's is that of the file it points to. */
  readonly at: number;
}

/** All that is in a source. No path occurs twice. */
export interface Listing {
  /** Regular files and links to such, in the source's order. */
  readonly files: readonly ListedFile[];
  /** Folders that the source lists; folders known only from the paths of files may be missing. */
  readonly folders: readonly string[];
  readonly problems: readonly SourceProblem[];
  /** What a reader should know, a sentence each. */
  readonly notes: readonly string[];
}

/** One file of an archive cannot be unpacked; the others may be fine. */
export class DamagedEntry extends ReatError {
  constructor(
    message: string,
    /** What follows the path in a sentence. */
    readonly why: string,
    options?: ErrorOptions,
  ) {
    super("data", message, options);
  }
}
