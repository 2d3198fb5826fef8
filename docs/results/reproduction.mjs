// The block of docs/results.md that tells what `reat reproduce` measured, from the record that it wrote.
import { readFileSync } from "node:fs";
import { signed } from "../../dist/experiments/index.js";
import { renderReproduction } from "../../dist/report/index.js";
import { standaloneCharts } from "./standalone-charts.mjs";

const figure = (value) =>
  value === null
    ? "–"
    : `${value.mean.toFixed(1)}${value.standardError === null ? "" : ` ± ${value.standardError.toFixed(1)}`}`;

function tableOf({ table, rows }) {
  const columns = [...new Set(rows.flatMap(({ cells }) => cells.map(({ column }) => column)))];
  const lines = rows.map(({ row, seedsDone, cells }) => {
    const own = columns.map((column) => {
      const cell = cells.find((one) => one.column === column);
      const paper = cell?.paper ? ` (paper ${cell.paper.value.toFixed(2)})` : "";
      return `${figure(cell?.ours ?? null)}${paper}`;
    });
    return `| ${row} | ${own.join(" | ")} | ${seedsDone.length} |`;
  });
  return [
    `**Table ${table}**`,
    "",
    `| row | ${columns.join(" | ")} | seeds |`,
    `| --- |${columns.map(() => " --- |").join("")} --- |`,
    ...lines,
  ].join("\n");
}

/** How far each row lies from the row that it is compared with, over runs of the same seeds, and whether that can be told. */
function differencesOf({ rows }) {
  const compared = rows.filter(({ baseline }) => baseline !== null);
  const columns = [...new Set(compared.flatMap(({ cells }) => cells.map(({ column }) => column)))];
  const lines = compared.map(({ row, baseline, cells }) => {
    const own = columns.map((column) => {
      const { difference, verdict } = cells.find((one) => one.column === column) ?? { difference: null };
      if (!difference) return "–";
      const told = verdict === "higher" || verdict === "lower" ? `, **${verdict}**` : "";
      const error = difference.standardError === null ? "" : ` ± ${difference.standardError.toFixed(2)}`;
      return `${signed(difference.mean)}${error}${told}`;
    });
    return `| ${row} − ${baseline} | ${own.join(" | ")} |`;
  });
  return [
    `| paired difference | ${columns.join(" | ")} |`,
    `| --- |${columns.map(() => " --- |").join("")}`,
    ...lines,
    "",
    "Where neither **higher** nor **lower** stands, no difference can be told.",
  ].join("\n");
}

/** A figure's sentences, each with what the paper's text says of it, and its pictures. */
function figureBlock({ figure: number, title, claims }, pictures) {
  const said = claims.map(
    ({ sentence, expected, agreement }) => `| ${sentence} | ${expected} | ${agreement} |`,
  );
  return [
    `**Figure ${number}.** ${title}.`,
    ["| measured | the text | so it is |", "| --- | --- | --- |", ...said].join("\n"),
    ...pictures,
  ].join("\n\n");
}

/**
 * @param file what `reat reproduce` wrote as reproduction.json
 * @param name of the pictures' files, before what tells them apart
 * @returns the block's text and its pictures
 */
export function reproductionBlock(file, name) {
  const record = JSON.parse(readFileSync(file, "utf8"));
  const charts = standaloneCharts(renderReproduction(record)).map((chart) => ({
    ...chart,
    file: `${name}-${chart.id}.svg`,
  }));
  const text = [
    `Protocol: ${record.protocol}`,
    ...record.tables.flatMap((table) => [tableOf(table), differencesOf(table)]),
    ...record.figures.map((one) =>
      figureBlock(
        one,
        charts
          .filter(({ id }) => id.startsWith(`figure-${one.figure}-`))
          .map(({ title, file: picture }) => `![Figure ${one.figure}: ${title}](results/figures/${picture})`),
      ),
    ),
    `Seeds ${record.seeds.join(", ")}; ${record.hours.toFixed(1)} hours of training and measuring in all, on: ${record.hardware.join("; ")}.`,
  ].join("\n\n");
  return { text, shown: charts };
}
