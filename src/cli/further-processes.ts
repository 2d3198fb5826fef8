// Processes that this one starts beside it, where parts of a batch need one each and a launcher started fewer.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { LaunchedProcess } from "../launched.js";

/** This process among all, and those that it started. */
export interface FilledUp extends AsyncDisposable {
  readonly launched: LaunchedProcess;
  readonly started: number;
}

/** How long those that were started may go on once this one has ended its work. */
const grace = 30_000;

/**
 * Starts the same command beside this one until there are `wanted` processes in all, each launched process starting its share of them. They
 * meet where the launched ones would, or on this machine.
 * @param launched null: no launcher started this one
 */
export async function fillUp(launched: LaunchedProcess | null, wanted: number): Promise<FilledUp> {
  const { rank, size, localRank, host, port } = launched ?? {
    ...{ rank: 0, size: 1, localRank: 0 },
    ...{ host: "127.0.0.1", port: await freePort() },
  };
  const first = Math.floor((rank * wanted) / size);
  const end = Math.floor(((rank + 1) * wanted) / size);
  const children: ChildProcess[] = [];
  for (let other = first + 1; other < end; other++) {
    const env = {
      ...{ RANK: String(other), WORLD_SIZE: String(wanted), LOCAL_RANK: String(localRank) },
      ...{ MASTER_ADDR: host, MASTER_PORT: String(port), TORCHELASTIC_USE_AGENT_STORE: "" },
    };
    children.push(
      spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
        stdio: ["ignore", "ignore", "inherit"],
        env: { ...process.env, ...env },
      }),
    );
  }
  const ended = Promise.all(children.map((child) => once(child, "close")));
  return {
    launched: {
      rank: first,
      size: wanted,
      localRank,
      host,
      port,
      launcher: launched?.launcher ?? "torchrun",
    },
    started: children.length,
    async [Symbol.asyncDispose]() {
      const late = setTimeout(() => {
        for (const child of children) child.kill("SIGKILL");
      }, grace);
      await ended;
      clearTimeout(late);
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
