// Processes that do one piece of work after another together: loading LibTorch takes longer than most of what is tried with them.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

/** A process that takes commands as lines of JSON and answers in lines of JSON. */
export interface Member {
  readonly child: ChildProcess;
  tell(command: object): void;
  /** Its next line. Throws where it ends without one. */
  said(): Promise<unknown>;
}

export class Crew {
  readonly #members: Member[] = [];

  /**
   * @param program a file that Node runs
   * @param size processes that are started at once, beside each other
   */
  constructor(
    readonly program: string,
    size: number,
  ) {
    this.of(size);
  }

  /** Those that nobody killed or stopped, and new ones where they are too few. */
  of(size: number): Member[] {
    const living = this.#members.filter(({ child }) => !child.killed && child.exitCode === null);
    while (living.length < size) living.push(this.#started());
    return living.slice(0, size);
  }

  /** Tells the first `size` to do something as a group that meets at a free port. @returns them, by rank */
  async together(size: number, command: object): Promise<Member[]> {
    const port = await freePort();
    const members = this.of(size);
    for (const [rank, member] of members.entries()) member.tell({ ...command, rank, size, port });
    return members;
  }

  dispose(): void {
    for (const { child } of this.#members.splice(0)) child.kill("SIGKILL");
  }

  #started(): Member {
    const child = spawn(process.execPath, [this.program], { stdio: ["pipe", "pipe", "ignore"] });
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      child.emit("line");
    });
    // One that was killed takes no more.
    child.stdin.on("error", () => {});
    const said = async () => {
      while (!text.includes("\n")) {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`ended with ${child.exitCode}`);
        const heard = new AbortController();
        const { signal } = heard;
        await Promise.race([once(child, "line", { signal }), once(child, "close", { signal })]);
        // The listener that heard nothing goes.
        heard.abort();
      }
      const end = text.indexOf("\n");
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      return JSON.parse(line) as unknown;
    };
    const member = {
      child,
      said,
      tell: (command: object) => child.stdin.write(`${JSON.stringify(command)}\n`),
    };
    this.#members.push(member);
    return member;
  }
}

/** A port that nobody listens at. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
