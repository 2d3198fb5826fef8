// Refuses to publish a package whose README would have dead links on npm's page.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./places.mjs";

/** Relative targets of a page's links, without their fragments. */
export function relativeLinks(markdown) {
  const prose = markdown.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target.split("#")[0])
    .filter((target) => target !== "" && !/^[a-z]+:/.test(target));
}

/** The reasons why a package cannot be published; empty if it can. */
export function obstacles(description, readme) {
  const found = [];
  for (const field of ["repository", "homepage", "bugs"]) {
    if (!description[field]) {
      found.push(
        `package.json has no "${field}": npm's page turns the README's relative links into links of the repository`,
      );
    }
  }
  const files = [...description.files, "README.md", "LICENSE"];
  for (const link of relativeLinks(readme)) {
    const packed = files.some((file) => link === file || link.startsWith(`${file}/`));
    if (!packed || !existsSync(join(packageRoot, link))) {
      found.push(`the README links ${link}, which is not in the package`);
    }
  }
  return found;
}

if (process.argv[1]?.endsWith("publishable.mjs")) {
  const read = (name) => readFileSync(join(packageRoot, name), "utf8");
  const found = obstacles(JSON.parse(read("package.json")), read("README.md"));
  for (const obstacle of found) process.stderr.write(`✗ ${obstacle}.\n`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
