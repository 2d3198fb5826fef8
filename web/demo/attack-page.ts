// A page without a server: classifies an image and attacks it with projected gradient descent, in the visitor's browser.
import type * as Runtime from "onnxruntime-web";

interface Facts {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly height: number;
  readonly width: number;
  /** PNG files as `data:` URLs, with their true classes. */
  readonly samples: readonly { readonly png: string; readonly className: string }[];
}

const steps = 20;
const facts = JSON.parse(element("facts").textContent!) as Facts;
const { height, width, classNames } = facts;
const plane = height * width;
const channels = ["red", "green", "blue"].length;

let image: Float32Array<ArrayBuffer> | null = null;
let turn = 0;

function element(id: string): HTMLElement {
  return document.getElementById(id)!;
}

async function bytesOf(id: string): Promise<Uint8Array<ArrayBuffer>> {
  const holder = element(id);
  const answer = await fetch(`data:application/octet-stream;base64,${holder.textContent!.trim()}`);
  holder.remove();
  return new Uint8Array(await answer.arrayBuffer());
}

/** Modules do not load from `file:`, so the runtime stands in the page and is loaded from there. */
async function openNetwork() {
  const code = new Blob([await bytesOf("runtime")], { type: "text/javascript" });
  const place = URL.createObjectURL(code);
  const ort = (await import(/* @vite-ignore */ place)) as typeof Runtime;
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = await bytesOf("webassembly");
  const session = await ort.InferenceSession.create(await bytesOf("network"), {
    executionProviders: ["wasm"],
  });
  return async (pixels: Float32Array<ArrayBuffer>, label: number) => {
    const outputs = await session.run({
      images: new ort.Tensor("float32", pixels, [1, channels, height, width]),
      labels: new ort.Tensor("int64", BigInt64Array.of(BigInt(label)), [1]),
    });
    return {
      logits: [...(outputs.logits!.data as Float32Array)],
      gradient: outputs.gradient!.data as Float32Array,
    };
  };
}

type Network = Awaited<ReturnType<typeof openNetwork>>;

/**
 * PGD of Madry et al. (2018) within the l∞ ball, from the image itself, with a step of ε/4.
 * @returns null where it is no longer wanted
 */
async function attack(
  network: Network,
  clean: Float32Array<ArrayBuffer>,
  label: number,
  epsilon: number,
  wanted: () => boolean,
) {
  const found = clean.slice();
  for (let step = 0; step < steps && epsilon > 0; step++) {
    const { gradient } = await network(found, label);
    if (!wanted()) return null;
    for (let i = 0; i < found.length; i++) {
      const moved = found[i]! + (epsilon / 4) * Math.sign(gradient[i]!);
      const kept = Math.min(clean[i]! + epsilon, Math.max(clean[i]! - epsilon, moved));
      found[i] = Math.min(1, Math.max(0, kept));
    }
  }
  return found;
}

function softmax(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

function draw(id: string, pixel: (channel: number, at: number) => number): void {
  const canvas = element(id) as HTMLCanvasElement;
  [canvas.width, canvas.height] = [width, height];
  const picture = new ImageData(width, height);
  for (let at = 0; at < plane; at++) {
    for (let channel = 0; channel < channels; channel++) {
      picture.data[4 * at + channel] = Math.round(255 * pixel(channel, at));
    }
    picture.data[4 * at + 3] = 255;
  }
  canvas.getContext("2d")!.putImageData(picture, 0, 0);
}

function answers(id: string, logits: readonly number[]): number {
  const ranked = softmax(logits)
    .map((share, classId) => ({ share, classId }))
    .sort((a, b) => b.share - a.share);
  element(id).replaceChildren(
    ...ranked.slice(0, 5).map(({ share, classId }) => {
      const line = document.createElement("li");
      line.style.setProperty("--share", String(share));
      const [name, number] = [document.createElement("span"), document.createElement("span")];
      name.textContent = classNames[classId] ?? `class ${classId}`;
      number.textContent = `${(100 * share).toFixed(1)} %`;
      line.append(name, number);
      return line;
    }),
  );
  return ranked[0]!.classId;
}

async function show(network: Network, own: number): Promise<void> {
  if (!image || own !== turn) return;
  const clean = image;
  const level = Number((element("epsilon") as HTMLInputElement).value);
  const epsilon = level / 255;
  element("radius").textContent = `${level}/255`;
  const before = await network(clean, 0);
  const label = answers("clean-answers", before.logits);
  draw("clean", (channel, at) => clean[channel * plane + at]!);
  const began = performance.now();
  const found = await attack(network, clean, label, epsilon, () => own === turn);
  const milliseconds = performance.now() - began;
  if (found === null) return;
  const after = answers("adversarial-answers", (await network(found, label)).logits);
  draw("adversarial", (channel, at) => found[channel * plane + at]!);
  const largest = Math.max(epsilon, 1e-6);
  draw("perturbation", (channel, at) => {
    const i = channel * plane + at;
    return 0.5 + (found[i]! - clean[i]!) / (2 * largest);
  });
  const took = `${steps} steps in ${Math.round(milliseconds)} ms`;
  element("verdict").textContent =
    label === after
      ? `It stays “${classNames[label]}” within ε = ${level}/255, as far as this attack can tell (${took}).`
      : `“${classNames[label]}” became “${classNames[after]}” within ε = ${level}/255 (${took}).`;
}

/** Scales an image so that it covers the network's size, and cuts out the middle. */
async function take(source: Blob | string): Promise<void> {
  const blob = typeof source === "string" ? await (await fetch(source)).blob() : source;
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d")!;
  const scale = Math.max(width / bitmap.width, height / bitmap.height);
  const [w, h] = [bitmap.width * scale, bitmap.height * scale];
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
  const { data } = context.getImageData(0, 0, width, height);
  image = Float32Array.from({ length: channels * plane }, (_, i) => {
    return data[4 * (i % plane) + Math.floor(i / plane)]! / 255;
  });
}

async function start(): Promise<void> {
  element("title").textContent = `${facts.name}, attacked in your browser`;
  const network = await openNetwork();
  // The runtime works on one input at a time; who moves on meanwhile ends what is under way.
  let work = Promise.resolve();
  const go = (source?: Blob | string) => {
    const own = ++turn;
    work = work
      .then(() => (source === undefined ? undefined : take(source)))
      .then(() => show(network, own))
      .catch((error: Error) => {
        element("verdict").textContent = `That did not work: ${error.message}`;
      });
    return work;
  };
  const samples = element("samples");
  for (const { png, className } of facts.samples) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `image of the class ${className}`);
    button.title = className;
    const picture = document.createElement("img");
    picture.src = png;
    picture.alt = "";
    button.append(picture);
    button.onclick = () => void go(png);
    samples.append(button);
  }
  element("epsilon").oninput = () => void go();
  (element("file") as HTMLInputElement).onchange = (event) => {
    const [file] = (event.target as HTMLInputElement).files ?? [];
    if (file) void go(file);
  };
  document.body.ondragover = (event) => event.preventDefault();
  document.body.ondrop = (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer?.files ?? [];
    if (file) void go(file);
  };
  element("verdict").textContent = "Choose an image, or drop one of your own here.";
  if (facts.samples[0]) await go(facts.samples[0].png);
  document.body.dataset.ready = "true";
}

start().catch((error: Error) => {
  element("verdict").textContent = `The network could not be started: ${error.message}`;
});
