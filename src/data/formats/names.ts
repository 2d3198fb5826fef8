// Names of files in sources: their order, and which are passed over.

/** Names in code-unit order: what Python's `sorted` gives, and so the field's class ids. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Dot files, and the resource forks that macOS puts into archives. */
export function isHidden(path: string): boolean {
  return path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");
}

/** The ending of a name in small letters, with its dot; "" where it has none. */
export function ending(path: string): string {
  return /\.[^./]+$/.exec(path)?.[0].toLowerCase() ?? "";
}

/** Whether a path has the ending of an image format that is read. */
export function isImage(path: string): boolean {
  return /\.(png|jpe?g|webp)$/i.test(path);
}
