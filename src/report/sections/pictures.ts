// Pictures of attacked images: for each class the same few, smallest class first, with both predictions.
import { type AttackedPicture, attackLabel, type PictureSheet } from "../../evaluation/index.js";
import { html, type Markup } from "../markup.js";
import { compact, count, percent } from "../numbers.js";
import { runName, type ShownRun } from "./parts.js";
import { attackTitle } from "./results.js";

/** Screen pixels of the height of a picture, at least. */
const shownHeight = 64;

export function picturesSection(runs: readonly ShownRun[]): Markup | false {
  const sheets = runs.flatMap((run) => run.record.pictures.map((sheet) => ({ run, sheet })));
  if (sheets.length === 0) return false;
  const blocks = sheets.map(
    ({ run, sheet }) =>
      html`<h3>${runName(run)}, ${sheet.checkpoint} checkpoint (epoch ${sheet.epoch}), ${attackTitle(attackLabel(sheet.attack))}</h3>
<p class="explain">${sheet.split === "test" ? "Test" : "Validation"} images of ${sheet.dataset}, the first of each class. Perturbations are multiplied by ${compact(sheet.scale)} and drawn around a middle grey.</p>
<div class="scroll" tabindex="0"><table><thead><tr><th scope="col" style="text-align:left">class</th><th scope="col">training images</th><th scope="col" style="text-align:left">clean, perturbation, adversarial</th></tr></thead><tbody>${byClass(
        sheet,
      ).map(
        ([label, pictures]) =>
          html`<tr><th scope="row">${nameOf(sheet, label)}</th><td>${count(sheet.trainCounts[label] ?? 0)}</td><td style="text-align:left;white-space:normal">${pictures.map((picture) => figure(sheet, picture))}</td></tr>`,
      )}</tbody></table></div>`,
  );
  return html`<section aria-labelledby="pictures"><h2 id="pictures">Attacked images</h2><p class="explain">What the network says of an image before and after the attack, with the confidence (softmax) it says it with. The smallest class comes first; all runs show the same images.</p>${blocks}</section>`;
}

function byClass({ pictures }: PictureSheet): [number, AttackedPicture[]][] {
  const classes = new Map<number, AttackedPicture[]>();
  for (const picture of pictures) {
    classes.set(picture.label, [...(classes.get(picture.label) ?? []), picture]);
  }
  return [...classes];
}

function figure(sheet: PictureSheet, picture: AttackedPicture): Markup {
  const said = ({ label, confidence }: AttackedPicture["clean"]) =>
    `${nameOf(sheet, label)} ${percent(confidence, 0)} %`;
  const words = `${said(picture.clean)} → ${said(picture.attacked)}`;
  const zoom = Math.max(1, Math.ceil(shownHeight / sheet.height));
  return html`<figure style="display:inline-block;margin:4px 16px 4px 0"><img src="data:image/png;base64,${picture.png}" width="${zoom * (3 * sheet.width + 4)}" height="${zoom * sheet.height}" style="image-rendering:pixelated;max-width:100%;height:auto" alt="Image ${picture.index} of ${nameOf(sheet, picture.label)}: ${words}"/><figcaption style="font-size:13px">${words}</figcaption></figure>`;
}

const nameOf = ({ classNames }: PictureSheet, label: number) => classNames[label] ?? `class ${label}`;
