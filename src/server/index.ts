// The dashboard's server: `reat ui`.
import { statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { ReatError } from "../errors.js";
import { newToken } from "./guard.js";
import { JobQueue } from "./jobs.js";
import { Prober } from "./prober.js";
import { routes } from "./routes.js";
import { RunIndex } from "./run-index.js";
import { RunsWatch } from "./watch-runs.js";

export { LogTail } from "./log-tail.js";
export { RunIndex } from "./run-index.js";
export { RunsWatch } from "./watch-runs.js";

/** What is served, and where. */
export interface DashboardOptions {
  /** Folder of runs, or of one run. */
  readonly runs: string;
  /** Default: 6006; 0 takes any that is free. */
  readonly port?: number | undefined;
  /** At least 16 letters, digits and `-._~`. Default: drawn at random. */
  readonly token?: string | undefined;
}

/** A dashboard that answers on this machine alone. */
export interface Dashboard {
  /** Opens it, token included. */
  readonly address: string;
  /** Stops its jobs and closes it. */
  close(): Promise<void>;
}

const usualPort = 6006;
/** 96 bits, if the characters are drawn at random. */
const shortestToken = 16;

/** @throws ReatError `usage` where there is no such folder, the port is taken or the token could be guessed */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { runs, port = usualPort, token = newToken() } = options;
  if (!statSync(runs, { throwIfNoEntry: false })?.isDirectory()) {
    throw new ReatError("usage", `There is no folder ${runs}; accepted is a folder of runs, or of one run.`);
  }
  if (token.length < shortestToken || !/^[\w.~-]+$/.test(token)) {
    throw new ReatError(
      "usage",
      `REAT_UI_TOKEN must have at least ${shortestToken} characters, letters, digits and any of -._~, so that nobody guesses it; it has ${token.length}.`,
    );
  }
  const watch = new RunsWatch(runs, new RunIndex(runs));
  const listeners = new Set<() => void>();
  const jobs = new JobQueue(() => {
    for (const listener of listeners) listener();
  });
  const prober = new Prober();
  const server = createServer();
  const bound = () => (server.address() as AddressInfo).port;
  const onJobs = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const app = routes({ watch, jobs, prober, token, port: bound, onJobs });
  server.on("request", getRequestListener(app.fetch));
  await new Promise<void>((listening, refused) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      refused(error.code === "EADDRINUSE" ? taken(port, error) : error);
    });
    server.listen(port, "127.0.0.1", listening);
  });
  void watch.refresh();
  return {
    address: `http://127.0.0.1:${bound()}/?token=${token}`,
    close: async () => {
      watch[Symbol.dispose]();
      jobs[Symbol.dispose]();
      prober[Symbol.dispose]();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function taken(port: number, cause: Error): ReatError {
  return new ReatError(
    "usage",
    `Port ${port} is taken; --port names another, and 0 takes any that is free.`,
    {
      cause,
    },
  );
}
