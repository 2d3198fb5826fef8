// Makes folders that look like a LibTorch to the search, and programs that answer like a Python.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach } from "vitest";

const made: string[] = [];

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "reat-setup-"));
  made.push(folder);
  return folder;
}

export function write(path: string, content: string, mode?: number): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  if (mode !== undefined) chmodSync(path, mode);
  return path;
}

export interface FakeLibTorch {
  readonly version?: string;
  readonly cxx11Abi?: boolean;
  readonly cuda?: boolean;
  /** Library folder under the prefix. */
  readonly lib?: string;
  /** Since 2.9 the version stands in another header. */
  readonly versionHeader?: string;
}

export function fakeLibTorch(options: FakeLibTorch = {}): string {
  const { version = "2.5.1", cxx11Abi = true, cuda = false, lib = "lib" } = options;
  const prefix = temporaryFolder();
  const names = [
    "libtorch.so",
    "libtorch_cpu.so",
    "libc10.so",
    ...(cuda ? ["libtorch_cuda.so", "libc10_cuda.so"] : []),
  ];
  const symbol = cxx11Abi ? "_ZN3c105ErrorC1ENSt7__cxx1112basic_stringIcEE" : "_ZN3c105ErrorC1ERKSs";
  for (const name of names) write(join(prefix, lib, name), `\0ELF\0${symbol}\0`);
  const [major, minor, patch] = version.split(".");
  const api = join(prefix, "include", "torch", "csrc", "api", "include", "torch");
  write(join(api, "torch.h"), "");
  write(
    options.versionHeader ? join(prefix, "include", options.versionHeader) : join(api, "version.h"),
    `#define TORCH_VERSION_MAJOR ${major}\n#define TORCH_VERSION_MINOR ${minor}\n#define TORCH_VERSION_PATCH ${patch}\n`,
  );
  return prefix;
}

/** A program that answers every question with the folder. */
export function fakePython(torchFolder: string): string {
  return write(join(temporaryFolder(), "python"), `#!/bin/sh\necho '${torchFolder}'\n`, 0o755);
}
