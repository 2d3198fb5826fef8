// Runs the commands that the README tells people to type.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../scripts/places.mjs";
import { commandsOf, libraryExample, type MarkedBlock, markedBlocks } from "./marked-blocks.js";

/** Run by whoever runs this test, and by tests/setup/pip-pytorch.test.ts. */
const runElsewhere = [
  "npm test",
  "python3 -m venv .venv",
  ".venv/bin/pip install torch",
  "npm run setup -- --python .venv/bin/python",
];

const shellBlocks = markedBlocks("README.md").filter(({ language }) => language === "bash");

/** The checkout as seen from a folder of its own, so that runs and caches do not land in it. */
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "reat-readme-"));
  for (const name of ["bin", "configs", "dist", "node_modules", "package.json", "scripts"]) {
    symlinkSync(join(packageRoot, name), join(folder, name));
  }
  for (const [index, name] of ["cats", "dogs", "owls"].entries()) {
    mkdirSync(join(folder, "photos", name), { recursive: true });
    for (let image = 0; image < 12; image++) {
      writeFileSync(join(folder, "photos", name, `${image}.png`), png(32, index * 80 + image));
    }
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A grey square image file: signature, header, one block of pixels, end. */
function png(side: number, grey: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.from([0, 0, 0, side, 0, 0, 0, side, 8, 0, 0, 0, 0]);
  const rows = Buffer.alloc(side * (side + 1), grey).map((value, at) => (at % (side + 1) === 0 ? 0 : value));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function crc32(bytes: Buffer): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

function shortened(command: string, mark: string): string {
  const [, word, more] = /^run(?:, (\w+))? with (.+)$/.exec(mark) ?? [];
  if (more === undefined || (word && !command.includes(` ${word} `))) return command;
  return command.startsWith("npm run") && !command.includes(" -- ")
    ? `${command} -- ${more}`
    : `${command} ${more}`;
}

const run = (command: string) =>
  spawnSync("bash", ["-euo", "pipefail", "-c", command], { cwd: folder, encoding: "utf8", timeout: 600_000 });

describe("README", () => {
  it("names the two commands and a program that uses the library", () => {
    const commands = shellBlocks.flatMap(commandsOf);
    expect(commands).toContain("npm run quickstart");
    expect(commands).toContain("npm test");
    expect(libraryExample()).toMatch(/from "reat"/);
    const example = readFileSync(join(packageRoot, "examples", "library.ts"), "utf8");
    expect(example.split("\n").slice(1).join("\n").trim()).toBe(libraryExample());
  });

  it("shows no command that no test runs", () => {
    const unmarked = shellBlocks.filter(({ mark }) => mark === undefined).flatMap(commandsOf);
    expect(unmarked.filter((command) => !runElsewhere.includes(command))).toEqual([]);
  });

  const marked = shellBlocks.filter(
    (block): block is MarkedBlock & { mark: string } => block.mark !== undefined,
  );
  for (const block of marked) {
    for (const command of commandsOf(block)) {
      it(`line ${block.line}: ${command}`, { timeout: 660_000 }, () => {
        expect(block.mark).toMatch(/^run((, \w+)? with .+)?$/);
        const done = run(shortened(command, block.mark));
        expect({
          status: done.status,
          stderr: done.status === 0 ? "" : `${done.stdout}${done.stderr}`,
        }).toEqual({
          status: 0,
          stderr: "",
        });
      });
    }
  }
});
