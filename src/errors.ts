// The one error class for failures a user can cause or mend.

/** Stable machine-readable kinds of failure. The command line ends with 2 for `usage` and `config`, with 1 for the rest. */
export type ErrorCode =
  | "usage"
  | "config"
  | "data"
  | "checkpoint"
  | "tensor"
  | "memory"
  | "device"
  | "numerics"
  | "disk"
  | "network"
  | "environment";

/** An error whose message is one sentence: what was given, what is wrong with it, what is accepted. */
export class ReatError extends Error {
  override readonly name: string = "ReatError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(aboutFiles.has(code) ? shortened(writtenOut(visible(message), /\n/g)) : visible(message), options);
  }
}

/** Their messages are one line of a readable length, whatever a file is called and says. */
const aboutFiles: ReadonlySet<ErrorCode> = new Set(["data", "checkpoint"]);

/** Names and contents of strangers' files stand in messages: what would steer a terminal is written out. */
function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return writtenOut(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g);
}

function writtenOut(text: string, characters: RegExp): string {
  return text.replace(characters, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A name of megabytes must not bury the sentence around it. */
function shortened(text: string): string {
  return text.length <= 1600 ? text : `${text.slice(0, 1000)} … ${text.slice(-500)}`;
}
