// An exported classifier in a browser: onnxruntime-web in headless Chromium answers as the network does.

import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { onnxFiles } from "../../src/export/index.js";
import { methodOptions } from "../../src/methods/index.js";
import { Generator, noGrad, rand, scope, setThreads } from "../../src/tensor/index.js";
import { browserPath, launchBrowser, noBrowser } from "../server/browser.js";
import { needing } from "../skipped.js";
import { untrained } from "./subjects.js";

setThreads(1);

const runtime = dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
const page = `<!doctype html><script type="module">
import * as ort from "/ort/ort.wasm.min.mjs";
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = "/ort/";
window.classify = async (pixels, shape) => {
  const session = await ort.InferenceSession.create("/model.onnx", { executionProviders: ["wasm"] });
  const { logits } = await session.run({ images: new ort.Tensor("float32", Float32Array.from(pixels), shape) });
  return [...logits.data];
};
window.ready = true;
</script>`;

let server: Server;
let address: string;
const files = new Map<string, Uint8Array>();

beforeAll(async () => {
  server = createServer(({ url = "/" }, response) => {
    const runtimeFile = /^\/ort\/([\w.-]+)$/.exec(url)?.[1];
    const content =
      url === "/" ? page : runtimeFile ? readFileSync(join(runtime, runtimeFile)) : files.get(url);
    const type = url.endsWith(".wasm")
      ? "application/wasm"
      : url.endsWith(".mjs")
        ? "text/javascript"
        : "text/html";
    response.writeHead(content === undefined ? 404 : 200, { "content-type": type }).end(content);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => {
  server.close();
});

const title = needing(browserPath !== undefined, "gives the network's logits", noBrowser);
it.skipIf(!browserPath)(title, { timeout: 120_000 }, async () => {
  using subject = untrained({ classifier: "cosine", method: methodOptions.parse({ name: "robal" }) });
  files.set("/model.onnx", onnxFiles(subject, { withGradient: false }).model);
  const shape = [3, 3, 16, 16];
  const [pixels, wanted] = scope(() => {
    const images = rand(shape, new Generator(1));
    return [images.toArray(), noGrad(() => subject.logits(images).toArray())] as const;
  });
  const browser = await launchBrowser();
  try {
    const tab = await browser.newPage();
    await tab.goto(address);
    await tab.waitForFunction("window.ready === true");
    const got = await tab.evaluate<number[]>(`classify(${JSON.stringify(pixels)}, ${JSON.stringify(shape)})`);
    expect(got).toHaveLength(wanted.length);
    for (const [at, value] of got.entries()) expect(value).toBeCloseTo(wanted[at]!, 4);
  } finally {
    await browser.close();
  }
});
