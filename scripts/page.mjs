// Builds the dashboard's page into a compiled folder: `node scripts/page.mjs <dist>`. Nothing is built where it is used.
import { join } from "node:path";
import { build } from "vite";
import { packageRoot } from "./places.mjs";

const dist = process.argv[2];

await build({
  configFile: false,
  logLevel: "warn",
  root: join(packageRoot, "web"),
  build: {
    target: "es2022",
    outDir: join(dist, "server", "page"),
    emptyOutDir: true,
    license: { fileName: "licenses.md" },
    modulePreload: false,
    rolldownOptions: { output: { entryFileNames: "page.js", assetFileNames: "page[extname]" } },
  },
});
