// AutoAttack attack by attack: what stood after each, how long it took, whether the saved images confirm it, and warnings.
import { attackLabel, bestFirst, tilesSentence } from "../../evaluation/index.js";
import { html, type Markup } from "../markup.js";
import { count, duration, percent } from "../numbers.js";
import { currentResults } from "../reading/index.js";
import { fileIn, runName, type ShownRun } from "./parts.js";
import { attackTitle } from "./results.js";

export function ensemblesSection(runs: readonly ShownRun[]): Markup | false {
  const found = runs.flatMap((run) =>
    bestFirst.flatMap((checkpoint) =>
      currentResults(run.record, checkpoint).flatMap((result) =>
        result.ensemble ? [{ run, result, ensemble: result.ensemble }] : [],
      ),
    ),
  );
  if (found.length === 0) return false;
  const blocks = found.map(({ run, result, ensemble }) => {
    const { outcomes, verification, warnings, constantsHash, tiles } = ensemble;
    const search = tiles ? ` ${capitalised(tilesSentence(tiles))}.` : "";
    const rows = outcomes.map(
      (o) =>
        html`<tr><th scope="row">${o.attack}</th><td>${count(o.attacked)}</td><td>${count(o.attacked - o.standing)}</td><td>${percent(o.accuracy)}</td><td>${percent(o.groups.head)}</td><td>${percent(o.groups.body)}</td><td>${percent(o.groups.tail)}</td><td>${percent(o.balanced)}</td><td>${duration(o.seconds)}</td></tr>`,
    );
    const verified = verification.agrees
      ? `Verified: the saved images stay in the ball (largest perturbation ${verification.largestPerturbation.toPrecision(4)}) and in [0, 1], and the model classifies them as reported.`
      : "Not verified: the saved images contradict the result.";
    return html`<h3>${runName(run)}, ${result.checkpoint} checkpoint, ${attackTitle(attackLabel(result.attack))}</h3>
<div class="scroll" tabindex="0"><table><thead><tr><th scope="col" style="text-align:left">after</th>${["attacked", "fell", "all", "head", "body", "tail", "balanced", "time"].map((h) => html`<th scope="col">${h}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>
<p class="explain">${count(result.clean.total)} ${result.split} images. Constants ${constantsHash}. ${verified}${search} From ${fileIn(run, result.file)}.</p>${
      warnings.length > 0 &&
      html`<ul>${warnings.map((w) => html`<li><strong>${w.name}</strong>: ${w.message}</li>`)}</ul>`
    }`;
  });
  return html`<section aria-labelledby="ensembles"><h2 id="ensembles">AutoAttack</h2><p class="explain">Each attack works on the images that the ones before it left standing. Figures with the same constants' hash, norm and radius were measured with the same attack.</p>${blocks}</section>`;
}

const capitalised = (sentence: string) => sentence.charAt(0).toUpperCase() + sentence.slice(1);
