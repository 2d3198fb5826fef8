// Every row of the paper's tables is a configuration, and the page that lists them is made from the same rows.
import { describe, expect, it } from "vitest";
import {
  type PaperRow,
  paperCommand,
  paperConfig,
  paperRows,
  paperTableSections,
  paperTables,
} from "../../src/experiments/index.js";
import { expectGenerated } from "../generated-page.js";

const find = (table: number, label: string) => {
  const found = paperRows.find(({ table: t, row }) => t === table && row === label);
  if (!found) throw new Error(`table ${table} has no row ${label}`);
  return paperConfig(found);
};

describe("the paper's tables", () => {
  it.each(paperRows.map((entry) => [`${entry.table}: ${entry.row}`, entry] as [string, PaperRow]))(
    "%s is a complete configuration",
    (_, entry) => {
      const config = paperConfig(entry);
      expect(config.name).toMatch(new RegExp(`^table-${entry.table}-`));
      expect(config.training).toMatchObject({ epochs: 80, milestones: [60, 75], select: "test" });
      expect(paperCommand(entry)).toContain(`reat train ${entry.preset} --set name=${config.name}`);
    },
  );

  it("has as many rows as the paper, each with a name of its own", () => {
    const counts = Object.keys(paperTables).map(
      (table) => paperRows.filter((entry) => entry.table === Number(table)).length,
    );
    expect(counts).toEqual([8, 7, 8, 6, 4, 2, 5, 12, 9, 6, 6, 12, 4, 12]);
    expect(new Set(paperRows.map((entry) => paperConfig(entry).name)).size).toBe(paperRows.length);
  });

  it("says what a row's label says", () => {
    expect(find(1, "REAT FL").method).toMatchObject({ name: "reat", loss: { name: "focal", gamma: 2 } });
    expect(find(1, "PGD-AT LDAM").method).toMatchObject({
      name: "pgd-at",
      loss: { name: "ldam", scale: 30 },
    });
    expect(find(1, "PGD-AT EN").method).toMatchObject({ loss: { name: "effective-number", beta: 0.9999 } });
    expect(find(2, "ENR").method).toMatchObject({
      name: "reat",
      loss: "bsl",
      reweighting: "enr",
      tail: { enabled: false },
    });
    expect(find(2, "REAT").method).toMatchObject({ reweighting: "rbl", tail: { enabled: true } });
    expect(find(3, "UR 100 RoBal")).toMatchObject({
      data: { source: "cifar10", subset: { imbalance: 100 } },
      model: { architecture: "resnet18", classifier: "cosine" },
      method: { name: "robal", margin: 0.1, attack: { steps: 5 } },
      training: { batchSize: 64, weightDecay: 2e-4 },
    });
    expect(find(4, "UR 20 RoBal")).toMatchObject({
      data: { source: "cifar100", subset: { imbalance: 20 } },
      model: { classifier: "cosine:1/16" },
    });
    expect(find(6, "REAT").data.subset).toMatchObject({ profile: "linear", imbalance: 100 });
    expect(find(7, "TRADES-AWP").method).toMatchObject({
      name: "trades",
      weightPerturbation: { gamma: 0.005 },
    });
    expect(find(8, "UR 50 PGD-AT (BS)")).toMatchObject({
      data: { subset: { profile: "balanced-small", imbalance: 50 } },
      method: { name: "pgd-at", loss: "ce" },
    });
    expect(find(11, "WRN PGD-AT").model.architecture).toBe("wrn28_10");
    expect(find(12, "UR 10 REAT").evaluation).toMatchObject({ norm: "l2" });
  });

  it("fills docs/paper-tables.md", () => {
    expectGenerated("paper-tables.md", { tables: paperTableSections() });
  });
});
