// What the server answers: the page, the stream of changes, pages of runs, jobs, images.
import { readFileSync } from "node:fs";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { streamSSE } from "hono/streaming";
import { z } from "zod";
import { ReatError } from "../errors.js";
import { checkpointNames } from "../evaluation/index.js";
import { parseFraction } from "../fraction.js";
import { styleSheet } from "../report/index.js";
import { guard } from "./guard.js";
import { checkpointFile, jobArguments, jobRequest, offeredAttacks, savedImages } from "./job-commands.js";
import type { JobQueue } from "./jobs.js";
import type { RunRow, StreamEvents } from "./messages.js";
import type { Prober } from "./prober.js";
import { runPage } from "./run-pages.js";
import { withoutShared } from "./sent-rows.js";
import type { RunsWatch } from "./watch-runs.js";

/** What the routes serve from. */
export interface ServedParts {
  readonly watch: RunsWatch;
  readonly jobs: JobQueue;
  readonly prober: Prober;
  readonly token: string;
  readonly port: () => number;
  /** Told of every change of the jobs, until the returned function is called. */
  readonly onJobs: (listener: () => void) => () => void;
}

/** Images that are dropped on the page. */
const largestImage = 30_000_000;

const page = new URL("./page/", import.meta.url);

export function routes(parts: ServedParts): Hono {
  const { watch, jobs, prober } = parts;
  const app = new Hono();
  app.use(guard(parts.token, parts.port));
  app.onError((error, context) => {
    if (!(error instanceof ReatError))
      return context.json({ error: `The server failed: ${error.message}` }, 500);
    return context.json({ error: error.message }, error.code === "usage" ? 400 : 422);
  });
  for (const [path, file, type] of [
    ["/page.js", "page.js", "text/javascript; charset=utf-8"],
    ["/page.css", "page.css", "text/css; charset=utf-8"],
  ] as const) {
    app.get(path, (context) => context.body(built(file), 200, { "Content-Type": type }));
  }
  app.get("/", (context) => context.html(firstPage(watch.screenful)));
  app.get("/report.css", (context) => context.body(styleSheet(), 200, { "Content-Type": "text/css" }));

  app.get("/api/stream", (context) =>
    streamSSE(context, async (stream) => {
      const send = <E extends keyof StreamEvents>(event: E, data: StreamEvents[E]) => {
        if (!stream.aborted)
          void stream.writeSSE({ event, data: JSON.stringify(data) }).catch(() => undefined);
      };
      const endJobs = parts.onJobs(() => send("jobs", jobs.jobs));
      send("jobs", jobs.jobs);
      const endWatch = watch.listen({
        rows: (rows) => send("rows", withoutShared(rows)),
        gone: (ids) => send("gone", ids),
        ready: () => send("ready", { folder: watch.given, path: watch.root, runs: watch.count }),
      });
      await new Promise<void>((ended) => stream.onAbort(ended));
      endJobs();
      endWatch();
    }),
  );
  app.get("/api/page", async (context) =>
    context.json(await runPage(watch, context.req.queries("run") ?? [])),
  );
  app.get("/api/choices", (context) => context.json({ attacks: offeredAttacks }));

  app.post("/api/jobs", bodyLimit({ maxSize: 10_000 }), async (context) => {
    const request = parsed(jobRequest, await context.req.json().catch(() => null));
    return context.json(jobs.add(request, jobArguments(known(watch, request.run), request)), 201);
  });
  app.delete("/api/jobs/:id", (context) => {
    const stopped = jobs.stop(Number(context.req.param("id")));
    return stopped ? context.json({}) : context.json({ error: "The job has ended already." }, 409);
  });

  app.get("/api/images", (context) => {
    const saved = savedImages(known(watch, context.req.query("run") ?? ""));
    return context.json(saved.map(({ name, checkpoint, attack }) => ({ name, checkpoint, attack })));
  });
  app.get("/api/gallery", async (context) => {
    const run = known(watch, context.req.query("run") ?? "");
    const saved = savedImages(run).find(({ name }) => name === context.req.query("name"));
    if (!saved) throw new ReatError("usage", "There are no such images of the run any more.");
    const { checkpoint, file } = saved;
    checkpointFile(run, checkpoint);
    return context.json(await prober.gallery({ run: run.folder, checkpoint, file }));
  });
  app.post("/api/probe", bodyLimit({ maxSize: largestImage }), async (context) => {
    const asked = parsed(probeRequest, context.req.query());
    const run = known(watch, asked.run);
    checkpointFile(run, asked.checkpoint);
    const image = new Uint8Array(await context.req.arrayBuffer());
    return context.json(await prober.probe({ ...asked, run: run.folder, image }));
  });
  return app;
}

const probeRequest = z.object({
  run: z.string(),
  checkpoint: z.enum(checkpointNames),
  norm: z.enum(["linf", "l2"]),
  epsilon: z
    .string()
    .transform((text) => parseFraction(text))
    .refine((value) => value !== null && value >= 0 && value <= 100)
    .transform((value) => value!),
});

/** The page with the first rows in it: they are on the screen before the stream is open. */
function firstPage(rows: readonly RunRow[]): string {
  const data = JSON.stringify(withoutShared(rows)).replaceAll("<", "\\u003c");
  return built("index.html").replace("</body>", () => `${dataBlock(data)}</body>`);
}

function dataBlock(json: string): string {
  return `<script type="application/json" id="first-rows">${json}</script>`;
}

function built(file: string): string {
  try {
    return readFileSync(new URL(file, page), "utf8");
  } catch (cause) {
    throw new ReatError("environment", "The page is not built: run `npx reat setup`.", { cause });
  }
}

function known(watch: RunsWatch, id: string) {
  const run = watch.run(id);
  if (!run) throw new ReatError("usage", "There is no such run any more.");
  return run;
}

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ReatError("usage", `The request is not understood: ${issue?.path.join(".")}: ${issue?.message}.`);
}
