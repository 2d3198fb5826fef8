// Builds the pages into a compiled folder: `node scripts/page.mjs <dist>`. Nothing is built where they are used.
import { join } from "node:path";
import { build } from "vite";
import { packageRoot } from "./places.mjs";

const dist = process.argv[2];
const web = join(packageRoot, "web");
const common = { configFile: false, logLevel: "warn" };
const target = "es2022";

await build({
  ...common,
  root: web,
  build: {
    target,
    outDir: join(dist, "server", "page"),
    emptyOutDir: true,
    license: { fileName: "licenses.md" },
    modulePreload: false,
    rolldownOptions: { output: { entryFileNames: "page.js", assetFileNames: "page[extname]" } },
  },
});
await build({
  ...common,
  root: join(web, "demo"),
  build: {
    target,
    outDir: join(dist, "export", "demo", "page"),
    emptyOutDir: true,
    rolldownOptions: {
      input: [join(web, "demo", "attack-page.ts"), join(web, "demo", "attack-page.css")],
      output: { entryFileNames: "[name].js", assetFileNames: "[name][extname]" },
    },
  },
});
