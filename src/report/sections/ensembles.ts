// AutoAttack attack by attack: what stood after each, how long it took, whether the saved images confirm it, and warnings.
import { attackLabel, bestFirst, tilesSentence } from "../../evaluation/index.js";
import { html, type Markup } from "../markup.js";
import { count, duration, percent } from "../numbers.js";
import { currentResults, type Margins, marginsOf } from "../reading/index.js";
import { fileIn, runName, type ShownRun } from "./parts.js";
import { attackTitle, within } from "./results.js";

export function ensemblesSection(runs: readonly ShownRun[]): Markup | false {
  const found = runs.flatMap((run) =>
    bestFirst.flatMap((checkpoint) =>
      currentResults(run.record, checkpoint).flatMap((result) =>
        result.ensemble ? [{ run, result, ensemble: result.ensemble }] : [],
      ),
    ),
  );
  if (found.length === 0) return false;
  const bodies = found.map(({ run, result, ensemble }) => {
    const title = html`${runName(run)}, ${result.checkpoint} checkpoint, ${attackTitle(attackLabel(result.attack))}, ${count(result.clean.total)} ${result.split} images`;
    const trainCounts = run.record.data?.trainCounts;
    const rows = ensemble.outcomes.map((outcome, i) => {
      const { attack, attacked, standing, accuracy, groups, balanced, seconds } = outcome;
      // What the last attack leaves is the result; older records tell the classes of nothing else.
      const perClass = outcome.perClass ?? (i === ensemble.outcomes.length - 1 ? result.robust.perClass : []);
      const margins = marginsOf({ accuracy, total: result.robust.total, perClass }, trainCounts);
      const cells = ([["all", accuracy], ...Object.entries(groups), ["balanced", balanced]] as const).map(
        ([name, share]) => html`<td>${percent(share)}${within(margins[name as keyof Margins])}</td>`,
      );
      return html`<tr><th scope="row">${attack}</th><td>${count(attacked)}</td><td>${count(attacked - standing)}</td>${cells}<td>${duration(seconds)}</td></tr>`;
    });
    return html`<tbody><tr><th scope="rowgroup" colspan="9">${title}</th></tr>${rows}</tbody>`;
  });
  const notes = found.map(({ run, result, ensemble }) => {
    const { verification, warnings, constantsHash, tiles } = ensemble;
    const search = tiles ? ` ${capitalised(tilesSentence(tiles))}.` : "";
    const verified = verification.agrees
      ? `Verified: the saved images stay in the ball (largest perturbation ${verification.largestPerturbation.toPrecision(4)}) and in [0, 1], and the model classifies them as reported.`
      : "Not verified: the saved images contradict the result.";
    return html`<li>${run.label}, ${result.checkpoint} checkpoint: constants ${constantsHash}. ${verified}${search} From ${fileIn(run, result.file)}.${
      warnings.length > 0 &&
      html`<ul>${warnings.map((w) => html`<li><strong>${w.name}</strong>: ${w.message}</li>`)}</ul>`
    }</li>`;
  });
  return html`<section aria-labelledby="ensembles"><h2 id="ensembles">AutoAttack</h2><p class="explain">Each attack works on the images that the ones before it left standing. Figures with the same constants' hash, norm and radius were measured with the same attack. ± is half of a 95 % interval for the choice of images.</p>
<div class="scroll" tabindex="0"><table class="ensembles"><thead><tr><th scope="col" style="text-align:left">after</th>${["attacked", "fell", "all", "head", "body", "tail", "balanced", "time"].map((h) => html`<th scope="col">${h}</th>`)}</tr></thead>${bodies}</table></div>
<ul class="explain">${notes}</ul></section>`;
}

const capitalised = (sentence: string) => sentence.charAt(0).toUpperCase() + sentence.slice(1);
