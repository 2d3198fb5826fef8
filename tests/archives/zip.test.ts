// Zip archives: plain and with 64-bit lists, and what is said of damaged ones.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readZip } from "../../src/archives/zip.js";
import { temporaryFolder, zip } from "../data/files.js";

const files = { "a/short.txt": "short", "a/long.txt": "long ".repeat(100), "b/ü.txt": "x".repeat(7_000) };

function archive(bytes: Buffer): string {
  const file = join(temporaryFolder(), "data.zip");
  writeFileSync(file, bytes);
  return file;
}

async function contents(file: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { path, size, read } of readZip(file)) {
    const bytes = await read();
    expect(bytes.length).toBe(size);
    found[path] = bytes.toString();
  }
  return found;
}

describe("zip archives", () => {
  it.each([false, true])("give back their files, with a list of 64-bit numbers: %s", async (wide) => {
    expect(await contents(archive(zip(files, wide)))).toEqual(files);
  });

  it("are those that other programs write", async () => {
    const file = join(temporaryFolder(), "python.zip");
    const program =
      "import sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as z:\n" +
      "  z.mkdir('folder') if hasattr(z, 'mkdir') else z.writestr('folder/', '')\n" +
      "  z.writestr('folder/x.txt', 'x' * 1000)\n  z.comment = b'of the archive'\n";
    execFileSync("python3", ["-c", program, file]);
    expect(await contents(file)).toEqual({ "folder/x.txt": "x".repeat(1000) });
  });

  it("cut off or damaged are refused in one sentence", async () => {
    const whole = zip(files);
    await expect(contents(archive(whole.subarray(0, whole.length - 30)))).rejects.toThrow(
      /data\.zip is damaged: it has no list at its end, so it is cut off\. Get it again\.$/,
    );
    const flipped = Buffer.from(whole);
    flipped[43] = flipped[43]! ^ 0xff;
    await expect(contents(archive(flipped))).rejects.toThrow("is damaged: a/short.txt fails its checksum.");
    await expect(contents(archive(whole.subarray(60)))).rejects.toThrow(/is damaged: /);
    const encrypted = Buffer.from(whole);
    encrypted[encrypted.indexOf("PK\x01\x02") + 8] = 1;
    await expect(contents(archive(encrypted))).rejects.toThrow("a/short.txt in");
  });

  it("leaves the file as it was", async () => {
    const bytes = zip(files);
    const file = archive(bytes);
    await contents(file);
    expect(readFileSync(file)).toEqual(bytes);
  });
});
