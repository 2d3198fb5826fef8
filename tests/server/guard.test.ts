// Who gets something from the dashboard's server, what it reads, and what it keeps for the next one.
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Dashboard, RunIndex, RunsWatch, startDashboard } from "../../src/server/index.js";
import { writeFixture } from "../report/run-fixture.js";

const place = mkdtempSync(join(tmpdir(), "reat-guard-"));
const [runs, elsewhere, cache] = ["runs", "else", "cache"].map((name) => join(place, name)) as [
  string,
  string,
  string,
];
const token = "a-token-for-tests-0123456789";
let dashboard: Dashboard;
let origin: string;

beforeAll(async () => {
  process.env.REAT_CACHE = cache;
  mkdirSync(join(elsewhere, "secret"), { recursive: true });
  await writeFixture(runs, { name: "reat", method: "reat", epochs: 4 });
  writeFileSync(join(elsewhere, "secret", "config.yaml"), "name: secret\n");
  symlinkSync(join(elsewhere, "secret"), join(runs, "way-out"));
  const copy = (name: string) => cpSync(join(runs, "reat"), join(runs, name), { recursive: true });
  copy("linked");
  rmSync(join(runs, "linked", "environment.json"));
  symlinkSync("/etc/passwd", join(runs, "linked", "environment.json"));
  copy("heavy");
  mkdirSync(join(elsewhere, "checkpoints"));
  writeFileSync(join(elsewhere, "checkpoints", "best.safetensors"), "weights");
  symlinkSync(join(elsewhere, "checkpoints"), join(runs, "heavy", "checkpoints"));
  copy("damaged");
  appendFileSync(join(runs, "damaged", "metrics.jsonl"), "no event\n");
  dashboard = await startDashboard({ runs, port: 0, token });
  origin = new URL(dashboard.address).origin;
});
afterAll(async () => {
  await dashboard?.close();
  delete process.env.REAT_CACHE;
  rmSync(place, { recursive: true, force: true });
});

const cookie = () => ({ cookie: `reat-${new URL(origin).port}=${token}` });
const status = async (path: string, options: RequestInit = {}) =>
  (await fetch(`${origin}${path}`, options)).status;

describe("the guard", () => {
  it("gives nothing without the token or to another origin", async () => {
    expect(await status("/api/page?run=reat", { headers: cookie() })).toBe(200);
    expect(await status("/api/page?run=reat")).toBe(403);
    expect(await status("/")).toBe(403);
    expect(await status("/?token=wrong")).toBe(403);
    expect(await status("/api/page?run=reat&token=x", { headers: { cookie: "reat-1=x" } })).toBe(403);
    const from = (name: string, value: string) =>
      status("/api/page?run=reat", { headers: { ...cookie(), [name]: value } });
    expect(await from("origin", "https://example.org")).toBe(403);
    expect(await from("origin", "http://127.0.0.1:1")).toBe(403);
    expect(await from("sec-fetch-site", "same-site")).toBe(403);
  });

  it("gives nothing under another host's name, as a page that rebinds its name would ask", async () => {
    const under = (host: string) =>
      new Promise<number>((resolve, reject) => {
        request(`${origin}/api/page?run=reat`, { headers: { ...cookie(), host } }, (answer) => {
          answer.resume();
          resolve(answer.statusCode!);
        })
          .on("error", reject)
          .end();
      });
    expect(await under(new URL(origin).host)).toBe(200);
    expect(await under("localhost:1234")).toBe(200);
    for (const name of ["example.org", "127.0.0.1.example.org", "localhost.example.org:6006", "0.0.0.0"]) {
      expect(await under(name), name).toBe(403);
    }
  });

  it("takes no token that could be guessed", async () => {
    for (const guessable of ["secret", "x".repeat(15), "a token with blanks in it"]) {
      await expect(startDashboard({ runs, port: 0, token: guessable })).rejects.toThrow(
        /REAT_UI_TOKEN must have at least 16/,
      );
    }
  });
});

describe("what is read", () => {
  it("lies in the runs folder", async () => {
    for (const id of ["../", "/etc", "way-out", "../else/secret"]) {
      expect(await status(`/api/page?run=${encodeURIComponent(id)}`, { headers: cookie() }), id).toBe(400);
    }
    const answer = await fetch(`${origin}/api/page?run=linked`, { headers: cookie() });
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain("environment.json leads out of the runs folder");
  });

  const post = async (body: unknown) => {
    const answer = await fetch(`${origin}/api/jobs`, {
      method: "POST",
      headers: cookie(),
      body: JSON.stringify(body),
    });
    return `${answer.status} ${await answer.text()}`;
  };
  const job = { kind: "eval", run: "reat", checkpoint: "best", attack: "pgd-20", images: 10 };

  it("starts no job that is none, nor one of a run without a checkpoint", async () => {
    expect(await post(job)).toMatch(/^400 .*no best checkpoint/);
    expect(await post({ ...job, attack: "pgd-20 --out /tmp/x" })).toMatch(/^400 .*attack/);
    expect(await post({ ...job, extra: 1 })).toMatch(/^400/);
    expect(await post(null)).toMatch(/^400/);
  });

  it("may have its checkpoints on another disk: the run is shown, and its weights are left alone", async () => {
    expect(await status("/api/page?run=heavy", { headers: cookie() })).toBe(200);
    expect(await post({ ...job, run: "heavy" })).toMatch(/^400 .*checkpoints lie outside the runs folder/);
    const query = "run=heavy&checkpoint=best&norm=linf&epsilon=8/255";
    const probed = await fetch(`${origin}/api/probe?${query}`, {
      method: "POST",
      headers: cookie(),
      body: "x",
    });
    expect(`${probed.status} ${await probed.text()}`).toMatch(/^400 .*checkpoints lie outside/);
  });
});

describe("the rows", () => {
  const rows = async (watch: RunsWatch) => {
    await watch.refresh();
    return (id: string) => watch.run(id)?.row ?? null;
  };

  it("tell whether a run goes on, even where its log is damaged", async () => {
    using watch = new RunsWatch(runs, new RunIndex(runs, join(place, "none")));
    const before = await rows(watch);
    expect(before("damaged")).toMatchObject({ state: "unreadable" });
    expect(before("damaged")!.sentence).toMatch(/^One line of metrics.jsonl cannot be read/);
    const lock = join(runs, "damaged", "lock");
    mkdirSync(lock);
    writeFileSync(join(lock, `${process.pid}-unknown-1-${encodeURIComponent(hostname())}`), "");
    expect((await rows(watch))("damaged")).toMatchObject({ state: "running" });
    expect((await rows(watch))("damaged")!.sentence).toContain("One line of metrics.jsonl");
    rmSync(lock, { recursive: true });
    expect((await rows(watch))("damaged")).toMatchObject({ state: "unreadable" });
    expect(before("heavy")).toMatchObject({ state: "finished" });
  });

  it("are known to the next server as long as no file changed, and read where one did", async () => {
    const file = new RunIndex(runs, join(place, "kept")).file;
    {
      using watch = new RunsWatch(runs, new RunIndex(runs, join(place, "kept")));
      await rows(watch);
    }
    const kept = () => readFileSync(file, "utf8");
    for (let tries = 0; tries < 200; tries++) {
      try {
        kept();
        break;
      } catch {
        await pause(10);
      }
    }
    // What only the index says shows that the run was not read.
    writeFileSync(file, kept().replaceAll('"name":"reat"', '"name":"remembered"'));
    {
      using watch = new RunsWatch(runs, new RunIndex(runs, join(place, "kept")));
      expect(watch.screenful.map(({ name }) => name)).toContain("remembered");
      expect((await rows(watch))("reat")).toMatchObject({ name: "remembered" });
      const config = join(runs, "reat", "config.yaml");
      writeFileSync(`${config}.new`, readFileSync(config));
      renameSync(`${config}.new`, config);
      expect((await rows(watch))("reat")).toMatchObject({ name: "reat", state: "finished" });
    }
    for (const broken of [
      "",
      "{",
      '{"format":1,"rows":{"reat":{"stamp":"","row":{}}}}',
      '{"format":0,"rows":{}}',
    ]) {
      writeFileSync(file, broken);
      using watch = new RunsWatch(runs, new RunIndex(runs, join(place, "kept")));
      expect((await rows(watch))("reat"), broken).toMatchObject({ name: "reat" });
    }
  });
});
