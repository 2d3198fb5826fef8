// Joins the compiled command line into few files: `node scripts/program.mjs <dist>`. Node opens and links each module by
// itself, and for the hundreds of small ones of the program and its libraries that takes longer than their code does.
import { join, relative } from "node:path";
import { build } from "vite";
import { packageRoot } from "./places.mjs";

const dist = process.argv[2];
const folder = join(dist, "cli");

/** What set-up is made of runs before anything is compiled, so it stays where it is. */
const setupStays = {
  name: "setup-stays",
  enforce: "pre",
  resolveId(source) {
    const [, script] = source.match(/^(?:\.\.\/)+scripts\/(.+)$/) ?? [];
    return script && { id: `../../scripts/${script}`, external: true };
  },
};

/** Modules find files beside themselves (presets, pages, the addon), so each keeps the address that it had alone. */
const ownAddress = {
  name: "own-address",
  transform(code, id) {
    if (!id.startsWith(dist) || !code.includes("import.meta.url")) return;
    const address = `new URL(${JSON.stringify(relative(folder, id))}, import.meta.url).href`;
    return { code: code.replaceAll("import.meta.url", address), map: null };
  },
};

await build({
  configFile: false,
  logLevel: "warn",
  root: packageRoot,
  plugins: [setupStays, ownAddress],
  // sharp is native code, and onnxruntime-web is loaded only where it is installed.
  ssr: { noExternal: true, external: ["sharp", "onnxruntime-web"] },
  build: {
    target: "node20",
    ssr: join(folder, "main.js"),
    outDir: folder,
    emptyOutDir: false,
    copyPublicDir: false,
    minify: false,
    license: { fileName: "licenses.md" },
    rolldownOptions: {
      output: { entryFileNames: "reat.js", chunkFileNames: "reat-[name].js" },
    },
  },
});
