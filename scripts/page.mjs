// Builds the dashboard's page into a folder: `node scripts/page.mjs <folder>`. Nothing is built where the page is used.
import { join } from "node:path";
import { build } from "vite";
import { packageRoot } from "./places.mjs";

await build({
  configFile: false,
  root: join(packageRoot, "web"),
  logLevel: "warn",
  build: {
    outDir: process.argv[2],
    emptyOutDir: true,
    license: { fileName: "licenses.md" },
    target: "es2022",
    modulePreload: false,
    rolldownOptions: {
      output: { entryFileNames: "page.js", assetFileNames: "page[extname]" },
    },
  },
});
