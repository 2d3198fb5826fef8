// A page with the network, its gradient and the program that runs both inside: it opens from a file, in any browser, offline.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ReatError } from "../../errors.js";

/** What the page says of the network. */
export interface DemoFacts {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly height: number;
  readonly width: number;
  /** Where the slider stands at first, in levels of 1/255. */
  readonly level: number;
  /** Images to begin with, as PNG files, with their true classes. */
  readonly samples: readonly { readonly png: Uint8Array; readonly className: string }[];
  /** A sentence on where the network comes from; written as text. */
  readonly about: string;
}

/** Browsers load neither modules nor WebAssembly from files beside a file, so all of it stands in the page. */
const policy =
  "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:; style-src 'unsafe-inline'; img-src data:; connect-src data:";

/**
 * @param gradient an ONNX file that takes images and labels to logits and the gradient of the images
 * @returns the HTML of the whole page
 * @throws ReatError `environment` where onnxruntime-web is not installed or the page was not built
 */
export function demoPage(facts: DemoFacts, gradient: Uint8Array): string {
  const { samples, about, ...rest } = facts;
  const shown = {
    ...rest,
    samples: samples.map(({ png, className }) => ({
      className,
      png: `data:image/png;base64,${base64(png)}`,
    })),
  };
  // Text of a class name must not end the element that it stands in.
  const json = JSON.stringify(shown).replaceAll("<", "\\u003c");
  const { code, binary } = runtimeFiles();
  const held = (id: string, bytes: Uint8Array) =>
    `<script type="application/octet-stream" id="${id}">${base64(bytes)}</script>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="${policy}"/>
<link rel="icon" href="data:,"/>
<title>${text(facts.name)} · reat</title>
<style>${built("attack-page.css")}</style>
</head>
<body>
<main>
<h1 id="title">${text(facts.name)}</h1>
<p class="soft">${text(about)} Everything runs on this device; no image leaves it.</p>
<div id="samples"></div>
<div class="tools">
<label>Your own image <input type="file" id="file" accept="image/*"/></label>
<label>ε = <output id="radius" for="epsilon">${facts.level}/255</output> <input type="range" id="epsilon" min="0" max="32" value="${facts.level}" aria-label="epsilon, in levels of 255"/></label>
</div>
<p id="verdict" role="status">Starting the network…</p>
<div class="three">
<figure><canvas id="clean" role="img" aria-label="the image"></canvas><figcaption>Clean</figcaption><ol id="clean-answers"></ol></figure>
<figure><canvas id="perturbation" role="img" aria-label="the perturbation, stretched"></canvas><figcaption>Perturbation, stretched</figcaption></figure>
<figure><canvas id="adversarial" role="img" aria-label="the adversarial image"></canvas><figcaption>Adversarial</figcaption><ol id="adversarial-answers"></ol></figure>
</div>
<p class="soft">PGD with 20 steps in the l∞ ball around the image, against the class that the network gives it. That an attack does not succeed is no proof that none would.</p>
</main>
<script type="application/json" id="facts">${json}</script>
${held("network", gradient)}
${held("runtime", code)}
${held("webassembly", binary)}
<script>${built("attack-page.js").replaceAll("</script", "<\\/script")}</script>
</body>
</html>
`;
}

function built(file: string): string {
  try {
    return readFileSync(new URL(`./page/${file}`, import.meta.url), "utf8");
  } catch (cause) {
    throw new ReatError("environment", "The page is not built: run `npx reat setup`.", { cause });
  }
}

/** The program and its WebAssembly, of one installed version. */
function runtimeFiles(): { code: Uint8Array; binary: Uint8Array } {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve("onnxruntime-web"));
    return {
      code: readFileSync(join(folder, "ort.wasm.bundle.min.mjs")),
      binary: readFileSync(join(folder, "ort-wasm-simd-threaded.wasm")),
    };
  } catch (cause) {
    throw new ReatError(
      "environment",
      "onnxruntime-web is not installed, which runs the network in the page: npm install onnxruntime-web.",
      { cause },
    );
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function text(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
