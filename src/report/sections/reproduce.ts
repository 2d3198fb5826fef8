// How to reproduce these numbers: the command and the configuration of each run.
import { html, type Markup } from "../markup.js";
import { runName, type ShownRun } from "./parts.js";

export function reproduceSection(runs: readonly ShownRun[]): Markup {
  return html`<section aria-labelledby="reproduce"><h2 id="reproduce">Reproduce</h2><p class="explain">The configuration holds every option and seed. On the CPU, the same LibTorch with the same number of threads gives the same numbers.</p>${runs.map(
    (run) => html`<h3>${runName(run)}</h3>${commands(run)}${configuration(run)}`,
  )}</section>`;
}

function commands({ record }: ShownRun): Markup {
  const file = quoted(`${record.folder.replace(/\/+$/, "")}/config.yaml`);
  return html`<pre tabindex="0"><code>npx reat train ${file} --name ${quoted(`${record.name}-again`)}</code></pre>`;
}

function configuration({ record }: ShownRun): Markup | false {
  if (record.configText === "") return html`<p>The configuration was not recorded.</p>`;
  return html`<details><summary>Configuration</summary><pre tabindex="0"><code>${record.configText}</code></pre></details>`;
}

/** Quotes a word for a POSIX shell where it needs quoting. */
function quoted(word: string): string {
  return /^[\w./@:+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
