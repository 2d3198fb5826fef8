// Explains why the program could not be loaded, if a limit of the shell is the reason and not the program.
import { existsSync, readFileSync } from "node:fs";

/** A limit of this process as the kernel states it, such as "64"; undefined if it is not known. */
function limit(name) {
  try {
    return new RegExp(`^${name} +(\\S+)`, "m").exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  } catch {
    return undefined;
  }
}

/** The reason in one sentence. @param error what loading threw */
export function whyNotStarted(error) {
  const { code, message = String(error) } = error;
  const most = limit("Max open files");
  // Node tells a package whose description it cannot open as one that is not there.
  const isThere = /'([^']*\/node_modules\/(?:@[^/']+\/)?[^/']+)/.exec(message)?.[1];
  const unopened = code === "ERR_MODULE_NOT_FOUND" && Number(most) < 1024 && existsSync(isThere ?? "");
  if (code === "EMFILE" || code === "ENFILE" || unopened) {
    return `it opens more files at its start than are allowed${most ? ` (\`ulimit -n\` is ${most})` : ""}; 1024 are enough.`;
  }
  if (
    code === "ENOMEM" ||
    /failed to map segment|cannot allocate memory|out of memory|allocation failed/i.test(message)
  ) {
    const space = Number(limit("Max address space"));
    const most = Number.isFinite(space) ? ` (\`ulimit -v\` is ${Math.round(space / 1024)}, in kB)` : "";
    return `there is not enough memory or address space for its libraries${most}.`;
  }
  return message.split("\n")[0];
}
