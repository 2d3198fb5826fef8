// The sections of a report one by one: `report.html` stacks them, the dashboard shows and renews each by itself.
import { escapeText, Markup } from "./markup.js";
import type { RunRecord } from "./reading/index.js";
import {
  attackCurvesSection,
  classDifferencesSection,
  classesSection,
  configDifferencesSection,
  curvesSection,
  dataSetOf,
  ensemblesSection,
  headerSection,
  type LoggedStep,
  picturesSection,
  predictionsSection,
  protocolSection,
  reproduceSection,
  resultsSection,
  type ShownRun,
  shownRuns,
  stepsSection,
  verdictSection,
} from "./sections/index.js";

/** A part of a report, well-formed HTML in which every text of a run is escaped. */
export interface ReportSection {
  readonly id: string;
  /** For a table of contents. */
  readonly title: string;
  readonly markup: Markup;
}

type Listed = readonly (readonly [id: string, title: string, markup: Markup | false])[];

/**
 * All sections of one run or several, in reading order; those with nothing to show are left out. Runs on several data sets share the
 * overview and the settings, and have the sections of results one data set after the other.
 */
export function reportSections(
  records: readonly RunRecord[],
  steps: readonly LoggedStep[] = [],
): ReportSection[] {
  const runs = shownRuns(records);
  const sets = [...new Set(records.map(dataSetOf))];
  const list: Listed = [
    ["top", "Overview", headerSection(runs)],
    ...sets.flatMap((set, i) => {
      const sections = measuredSections(
        runs.filter(({ record }) => dataSetOf(record) === set),
        i === 0 ? steps : [],
      );
      return sets.length === 1 ? sections : apart(sections, set, i + 1);
    }),
    ["settings", "Settings", configDifferencesSection(runs)],
    ["protocol", "Protocol", protocolSection(runs)],
    ["reproduce", "Reproduce", reproduceSection(runs)],
  ];
  return list.flatMap(([id, title, markup]) => (markup && markup.text !== "" ? [{ id, title, markup }] : []));
}

/** What was measured of runs on one data set. */
function measuredSections(runs: readonly ShownRun[], steps: readonly LoggedStep[]): Listed {
  return [
    ["results", "Results", resultsSection(runs)],
    ["verdict", "Verdict", verdictSection(runs)],
    ["steps", "Step by step", stepsSection(steps)],
    ["ensembles", "AutoAttack", ensemblesSection(runs)],
    ["attack-curves", "Attack strength", attackCurvesSection(runs)],
    ["classes", "Classes", classesSection(runs)],
    ["differences", "Differences", classDifferencesSection(runs)],
    ["pictures", "Attacked images", picturesSection(runs)],
    ["curves", "Training", curvesSection(runs)],
    ["predictions", "Predictions", predictionsSection(runs)],
  ];
}

/** Sections of one data set beside those of another: ids of their own, and the data set in every heading. */
function apart(sections: Listed, set: string, number: number): Listed {
  // Quotation marks in texts are escaped, so these are attributes.
  const own = (markup: Markup) =>
    new Markup(
      markup.text
        .replace(/ id="([^"]+)"/g, ` id="$1-${number}"`)
        .replace(
          / aria-labelledby="([^"]+)"/g,
          (_, ids: string) =>
            ` aria-labelledby="${ids
              .split(" ")
              .map((id) => `${id}-${number}`)
              .join(" ")}"`,
        )
        .replace(/(<h2 id="[^"]+">[^<]*)<\/h2>/g, (_, head: string) => `${head}, ${escapeText(set)}</h2>`),
    );
  return sections.map(([id, title, markup]) => [
    `${id}-${number}`,
    `${title}, ${set}`,
    markup && own(markup),
  ]);
}
