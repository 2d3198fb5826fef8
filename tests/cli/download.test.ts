// `reat data download` against a server of the test: what is wrong is said in one sentence, and no half file takes the name.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ScratchFolder } from "./command-line.js";

let place: ScratchFolder;
let server: Server;
let url: string;

beforeAll(async () => {
  place = new ScratchFolder();
  mkdirSync(place.path("downloads"));
  server = createServer((request, response) => {
    if (request.url !== "/other.tar.gz") response.writeHead(404).end("nothing here");
    else response.writeHead(200, { "content-length": "9" }).end("not CIFAR");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  place.dispose();
});

const download = (file: string) =>
  place.reat(["data", "download", "cifar10", "--url", `${url}/${file}`, "--folder", place.path("downloads")]);

describe("reat data download", () => {
  it("refuses an archive with another checksum and keeps nothing under its name", async () => {
    const { code, stderr } = await download("other.tar.gz");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^reat: .*c32a1d4ab5d03f1284b67883e8d87530/m);
    expect(existsSync(place.path("downloads", "cifar-10-binary.tar.gz"))).toBe(false);
  });

  it("says what the server answered", async () => {
    const { code, stderr } = await download("missing.tar.gz");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^reat: .*404/m);
    expect(readdirSync(place.path("downloads"))).toEqual([]);
  });

  it("refuses a data set it has no source for as wrong usage", async () => {
    const { code, stderr } = await place.reat(["data", "download", "imagenet"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/cifar10/);
  });
});
