// Downloads against a server of our own that behaves well, badly and oddly.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { cifarDownload, downloadCifar, downloadFile, md5OfFile, verifySource } from "../../src/data/index.js";
import { temporaryFolder } from "./files.js";

const body = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i + (i >> 7)) & 255));
const md5 = createHash("md5").update(body).digest("hex");
const quick = { md5, retryDelay: 1, retries: 3 };

interface Behaviour {
  /** Bytes after which the connection is cut, for the first `cuts` answers. */
  cutAfter?: number;
  cuts?: number;
  ranges?: boolean;
  etag?: (request: number) => string | undefined;
  status?: (request: number) => number;
  contents?: Buffer;
}

/** Serves `contents` and keeps the range header of every request. */
async function serve(behaviour: Behaviour): Promise<{ url: string; ranges: (string | undefined)[] }> {
  const ranges: (string | undefined)[] = [];
  const { cutAfter = 0, cuts = 0, ranges: knowsRanges = true, contents = body } = behaviour;
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const number = ranges.push(request.headers.range);
    const status = behaviour.status?.(number) ?? 200;
    if (status !== 200) return void response.writeHead(status).end("no");
    const etag = behaviour.etag ? behaviour.etag(number) : '"one"';
    const valid = request.headers["if-range"] === undefined || request.headers["if-range"] === etag;
    const start =
      knowsRanges && valid && request.headers.range ? Number(/\d+/.exec(request.headers.range)![0]) : 0;
    if (start >= contents.length) {
      return void response.writeHead(416, { "content-range": `bytes */${contents.length}` }).end();
    }
    response.writeHead(start > 0 ? 206 : 200, {
      ...(etag && { etag }),
      "content-length": contents.length - start,
      ...(start > 0 && { "content-range": `bytes ${start}-${contents.length - 1}/${contents.length}` }),
    });
    if (number <= cuts)
      response.write(contents.subarray(start, start + cutAfter), () =>
        setTimeout(() => response.destroy(), 20),
      );
    else response.end(contents.subarray(start));
  };
  const server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/data.bin`, ranges };
}

describe("downloadFile", () => {
  it("downloads, checks the sum, reports progress, and does nothing the second time", async () => {
    const { url, ranges } = await serve({});
    const folder = join(temporaryFolder(), "new");
    const file = join(folder, "data.bin");
    const reports: { done: number; total: number | undefined }[] = [];
    await downloadFile(url, file, { ...quick, progress: (report) => reports.push(report) });
    expect(readFileSync(file).equals(body)).toBe(true);
    expect(readdirSync(folder)).toEqual(["data.bin"]);
    expect(reports.at(-1)).toMatchObject({ stage: "download", done: body.length, total: body.length });
    await downloadFile(url, file, quick);
    expect(ranges).toEqual([undefined]);
  });

  it("takes a cut connection up where it broke, again and again", async () => {
    const { url, ranges } = await serve({ cutAfter: 50_000, cuts: 4 });
    const file = join(temporaryFolder(), "data.bin");
    await downloadFile(url, file, quick);
    expect(readFileSync(file).equals(body)).toBe(true);
    expect(ranges).toEqual([undefined, "bytes=50000-", "bytes=100000-", "bytes=150000-", "bytes=200000-"]);
  });

  it("keeps the part when it gives up, and another call goes on from there", async () => {
    const broken = {
      cutAfter: 60_000,
      cuts: 1,
      status: (request: number) => (request >= 2 && request <= 5 ? 503 : 200),
    };
    const { url, ranges } = await serve(broken);
    const file = join(temporaryFolder(), "data.bin");
    await expect(downloadFile(url, file, { ...quick, retries: 2 })).rejects.toThrow(
      /broke off after 60000 bytes \(the server answered 503\); .*data\.bin\.part is kept/,
    );
    expect(existsSync(file)).toBe(false);
    expect(readFileSync(`${file}.part`).equals(body.subarray(0, 60_000))).toBe(true);
    await downloadFile(url, file, { ...quick, retries: 5 });
    expect(readFileSync(file).equals(body)).toBe(true);
    expect(ranges.at(-1)).toBe("bytes=60000-");
  });

  it("begins anew where the server's file has changed meanwhile", async () => {
    const { url, ranges } = await serve({
      cutAfter: 50_000,
      cuts: 1,
      etag: (request) => `"version ${request}"`,
    });
    const file = join(temporaryFolder(), "data.bin");
    await downloadFile(url, file, quick);
    expect(readFileSync(file).equals(body)).toBe(true);
    expect(ranges).toEqual([undefined, "bytes=50000-"]);
  });

  it("begins anew where the server knows no ranges, or names no version", async () => {
    const deaf = await serve({ cutAfter: 50_000, cuts: 2, ranges: false });
    const file = join(temporaryFolder(), "data.bin");
    await downloadFile(deaf.url, file, quick);
    expect(readFileSync(file).equals(body)).toBe(true);
    const nameless = await serve({ cutAfter: 50_000, cuts: 1, etag: () => undefined });
    const other = join(temporaryFolder(), "data.bin");
    await downloadFile(nameless.url, other, quick);
    expect(readFileSync(other).equals(body)).toBe(true);
    expect(nameless.ranges).toEqual([undefined, undefined]);
  });

  it("finishes a part that is already whole", async () => {
    const { url } = await serve({});
    const file = join(temporaryFolder(), "data.bin");
    writeFileSync(`${file}.part`, body);
    writeFileSync(`${file}.part.json`, JSON.stringify({ url, validator: '"one"' }));
    await downloadFile(url, file, quick);
    expect(readFileSync(file).equals(body)).toBe(true);
  });

  it("deletes what has the wrong sum", async () => {
    const { url } = await serve({ contents: Buffer.from("something else") });
    const folder = temporaryFolder();
    await expect(downloadFile(url, join(folder, "data.bin"), quick)).rejects.toThrow(
      /has the MD5 [0-9a-f]{32} and not/,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it("says at once that there is nothing at the address, or nobody", async () => {
    const { url, ranges } = await serve({ status: () => 404 });
    const file = join(temporaryFolder(), "data.bin");
    await expect(downloadFile(url, file, quick)).rejects.toThrow("the server answered 404");
    expect(ranges.length).toBe(1);
    await expect(downloadFile("http://127.0.0.1:1/x", file, { retries: 1, retryDelay: 1 })).rejects.toThrow(
      /broke off after 0 bytes/,
    );
  });

  it("gives a silent connection up", async () => {
    const { url } = await serve({ contents: body, cutAfter: 10, cuts: 0 });
    const server = createServer(() => {}).listen(0, "127.0.0.1");
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    await new Promise((resolve) => server.once("listening", resolve));
    const silent = url.replace(/:\d+/, `:${(server.address() as AddressInfo).port}`);
    const file = join(temporaryFolder(), "data.bin");
    await expect(downloadFile(silent, file, { retries: 0, stallTimeout: 50 })).rejects.toThrow(
      "nothing arrived for 0.05 s",
    );
  });

  it("stops when it is told to, and keeps what has arrived", async () => {
    const { url } = await serve({});
    const file = join(temporaryFolder(), "data.bin");
    const stop = new AbortController();
    const progress = () => stop.abort();
    await expect(downloadFile(url, file, { ...quick, progress, signal: stop.signal })).rejects.toThrow(
      "was stopped",
    );
    expect(existsSync(file)).toBe(false);
    expect(readFileSync(`${file}.part`).length).toBeGreaterThan(0);
  });

  it("will not write over a file that is there with another sum", async () => {
    const file = join(temporaryFolder(), "data.bin");
    writeFileSync(file, "mine");
    await expect(downloadFile("http://127.0.0.1:1/x", file, quick)).rejects.toThrow(
      "is there already but its MD5 is not",
    );
    expect(readFileSync(file, "utf8")).toBe("mine");
  });
});

describe("official archives", () => {
  it("are known by address and sum, and a wrong one is refused", async () => {
    expect(cifarDownload("cifar100", "pickled")).toEqual({
      url: "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
      md5: "eb9058c3a382ffc7106e4002c42a8d85",
      archive: "cifar-100-python.tar.gz",
    });
    const { url } = await serve({});
    const folder = temporaryFolder();
    await expect(downloadCifar("cifar10", { url, folder })).rejects.toThrow(
      "and not c32a1d4ab5d03f1284b67883e8d87530",
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it("are recognised as wrong by name alone, however damaged", async () => {
    const file = join(temporaryFolder(), "cifar-10-python.tar.gz");
    writeFileSync(file, "rubbish");
    const { verdict, files } = await verifySource(file);
    expect(verdict).toBe("mismatch");
    expect(files[0]).toMatchObject({
      md5: await md5OfFile(file),
      expected: "c58f30108f718f92721af3b95e74349a",
    });
  });
});
