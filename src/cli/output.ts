// Writes to stdout without losing anything silently: a full disk is an error, a closed pipe ends the work.
import { fstatSync, writeSync } from "node:fs";
import { cannotWrite } from "../durable-file.js";
import { stopWork } from "./interrupt.js";

/** The shell's exit code for a program whose reader has closed the pipe: 128 + SIGPIPE. */
const exitReaderGone = 141;

/** True from the first result on: a reader may stop reading results. */
let showsResults = false;

/** Part of the results. @throws ReatError `disk` where stdout is a file that cannot take it */
export function writeResult(text: string): void {
  showsResults = true;
  writeOut(text);
}

/** An event of running work; where it cannot be written, the work is asked to stop. */
export function writeEvent(text: string): void {
  try {
    writeOut(text);
  } catch (error) {
    stopWork(error as Error, 1);
  }
}

function writeOut(text: string): void {
  if (!isFile(1)) {
    process.stdout.write(text);
    return;
  }
  // Node's own stream takes a partial write for a complete one.
  const bytes = Buffer.from(text);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
  } catch (cause) {
    throw cannotWrite("stdout", cause);
  }
}

function isFile(descriptor: number): boolean {
  try {
    const stats = fstatSync(descriptor);
    return stats.isFile() || (stats.isCharacterDevice() && !process.stdout.isTTY);
  } catch {
    return false;
  }
}

/**
 * Watches stdout and stderr for readers that have gone: `head` has enough, a terminal was closed. Work that is going on
 * then stops at the next safe point; with results, it is no error.
 */
export function watchReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "EIO") return;
      if (!showsResults) stopWork(new Error("nobody reads the output any more"), exitReaderGone);
      else if (stream === process.stdout) process.exit(0);
    });
  }
}
