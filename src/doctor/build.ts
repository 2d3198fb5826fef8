// How the search for LibTorch went, and whether the addon exists and loads.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import {
  describeLibTorch,
  inspectLibTorch,
  type SearchResult,
  type SearchStep,
} from "../../scripts/libtorch.mjs";
import { pipCommands } from "../../scripts/packages.mjs";
import type { ActiveBuild } from "../../scripts/places.mjs";
import { restrainUcx } from "../../scripts/ucx.mjs";
import type { DiagnosisRow } from "./row.js";

const stepOk: Record<SearchStep["status"], boolean | null> = {
  taken: true,
  absent: null,
  broken: false,
  unneeded: null,
};

/** A row for each place of the search, in its order. */
export function searchRows({ steps, libtorch }: SearchResult): DiagnosisRow[] {
  const rows: DiagnosisRow[] = steps.map(({ name, status, detail }) => ({
    name: `Search: ${name}`,
    ok: stepOk[status],
    detail,
    ...(status === "broken"
      ? { hint: "name a complete LibTorch, or unset it to go on to the next place" }
      : {}),
  }));
  if (!libtorch && steps.every(({ status }) => status === "absent")) {
    rows.push({
      name: "LibTorch",
      ok: null,
      detail: "none found",
      hint: `\`sudo apt-get install libtorch-dev\` where the system has that package, else PyTorch from pip: \`${pipCommands()}\``,
    });
  }
  return rows;
}

/** Whether an addon loads, tried in a process of its own: a mixture of libraries may abort it. */
export function tryLoading(addon: string): string | undefined {
  const done = spawnSync(process.execPath, ["-e", "require(process.argv[1])", addon], {
    env: restrainUcx({ ...process.env }),
    encoding: "utf8",
    timeout: 60_000,
  });
  if (done.status === 0) return undefined;
  if (done.signal) return `loading it ends the process with ${done.signal}`;
  return /^\w*Error: (.+)$/m.exec(done.stderr)?.[1] ?? `loading it exits with ${done.status}`;
}

/** The LibTorch under an addon may have been replaced since: then its libraries differ from those it was linked to. */
function changedSince(active: ActiveBuild): string | undefined {
  const { libtorch, missing } = inspectLibTorch(active.libtorch.prefix, active.libtorch.source);
  if (!libtorch) return `${active.libtorch.prefix} now lacks ${(missing ?? []).join(", ")}`;
  if (libtorch.version !== active.libtorch.version) {
    return `it was built against ${active.libtorch.version}, ${active.libtorch.prefix} now holds ${libtorch.version}`;
  }
  if (libtorch.identity !== active.libtorch.identity) return "its LibTorch was replaced after it was built";
  return undefined;
}

/** Rows on the addon; `path` is set where it loads. */
export function addonRows(
  active: ActiveBuild | undefined,
  env: Readonly<Record<string, string | undefined>>,
): { rows: DiagnosisRow[]; loads: boolean } {
  const path = env.REAT_ADDON || active?.addon;
  if (path === undefined || !existsSync(path)) {
    const detail = path === undefined ? "not built" : `${path} does not exist`;
    return { rows: [{ name: "Addon", ok: false, detail, hint: "run `npx reat setup`" }], loads: false };
  }
  const failure = tryLoading(path);
  const rows: DiagnosisRow[] = [
    failure === undefined
      ? { name: "Addon", ok: true, detail: env.REAT_ADDON ? `${path} (REAT_ADDON)` : path }
      : { name: "Addon", ok: false, detail: `${path}: ${failure}`, hint: "run `npx reat setup --force`" },
  ];
  if (active && !env.REAT_ADDON) {
    const changed = changedSince(active);
    rows.push({
      name: "Built against",
      ok: changed === undefined ? true : null,
      detail: changed ?? `${describeLibTorch(active.libtorch)}, ${active.builtAt.slice(0, 10)}`,
      ...(changed === undefined ? {} : { hint: "run `npx reat setup`" }),
    });
  }
  return { rows, loads: failure === undefined };
}
