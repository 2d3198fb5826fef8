// The sections of a report one by one: `report.html` stacks them, the dashboard shows and renews each by itself.
import type { Markup } from "./markup.js";
import type { RunRecord } from "./reading/index.js";
import {
  attackCurvesSection,
  classDifferencesSection,
  classesSection,
  configDifferencesSection,
  curvesSection,
  ensemblesSection,
  headerSection,
  type LoggedStep,
  picturesSection,
  predictionsSection,
  protocolSection,
  reproduceSection,
  resultsSection,
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

/** All sections of one run or several, in reading order; those with nothing to show are left out. */
export function reportSections(
  records: readonly RunRecord[],
  steps: readonly LoggedStep[] = [],
): ReportSection[] {
  const runs = shownRuns(records);
  const list: readonly (readonly [string, string, Markup | false])[] = [
    ["top", "Overview", headerSection(runs)],
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
    ["settings", "Settings", configDifferencesSection(runs)],
    ["protocol", "Protocol", protocolSection(runs)],
    ["reproduce", "Reproduce", reproduceSection(runs)],
  ];
  return list.flatMap(([id, title, markup]) => (markup && markup.text !== "" ? [{ id, title, markup }] : []));
}
