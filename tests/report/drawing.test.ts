// The pieces of a chart: scales, labels, numbers, escaping.
import { describe, expect, it } from "vitest";
import { spreadLabels } from "../../src/report/charts/label-layout.js";
import { epochTicks, linearScale, logScale } from "../../src/report/charts/scale.js";
import { html } from "../../src/report/markup.js";
import { compact, count, duration, percent, points } from "../../src/report/numbers.js";

describe("scales", () => {
  it("end on round numbers around the data", () => {
    expect(linearScale([0, 0.37], [0, 1]).ticks).toEqual([0, 0.1, 0.2, 0.3, 0.4]);
    expect(linearScale([0, 1], [100, 0])(0.25)).toBe(75);
    expect(linearScale([3, 3], [0, 1]).domain).toEqual([1, 5]);
  });

  it("cover decades evenly", () => {
    const y = logScale([0.001, 0.1], [0, 100]);
    expect(y.ticks).toEqual([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1]);
    expect(y(0.01)).toBeCloseTo(50, 10);
    expect(logScale([0.07, 3.5], [0, 1]).domain).toEqual([0.05, 5]);
  });

  it("show the first and the last epoch", () => {
    expect(epochTicks(1)).toEqual([1]);
    expect(epochTicks(2)).toEqual([1, 2]);
    expect(epochTicks(30)).toEqual([1, 5, 10, 15, 20, 25, 30]);
    expect(epochTicks(76).at(-1)).toBe(76);
  });
});

describe("spreadLabels", () => {
  it("leaves labels that have room where they are", () => {
    expect(spreadLabels([50, 10], 10, 0, 100)).toEqual([50, 10]);
  });

  it("moves a crowd apart around its middle, keeps its order, and stays inside", () => {
    expect(spreadLabels([50, 50, 50], 10, 0, 100)).toEqual([40, 50, 60]);
    expect(spreadLabels([99, 100], 10, 0, 100)).toEqual([90, 100]);
    expect(spreadLabels([5, 5, 5], 60, 0, 100)).toEqual([0, 50, 100]);
  });
});

describe("numbers", () => {
  it("read as in print", () => {
    expect([percent(0.27349), percent(null), percent(Number.NaN)]).toEqual(["27.3", "–", "–"]);
    expect([points(0.0123), points(-0.0123), points(0.0001)]).toEqual(["+1.2", "−1.2", "0.0"]);
    expect([compact(0.0005), compact(0.00005), compact(12.345), compact(0)]).toEqual([
      "0.0005",
      "5e-5",
      "12.3",
      "0",
    ]);
    expect([count(13996), count(100)]).toEqual(["13\u202f996", "100"]);
    expect([duration(48.2), duration(720), duration(11100)]).toEqual(["48 s", "12 min", "3 h 05 min"]);
  });
});

describe("html", () => {
  it("escapes values, joins lists, leaves out what is false or missing", () => {
    const list = [html`<b>${"<x>"}</b>`, "&"];
    expect(html`<p title="${"\"'"}">${list}${null}${false}${0}${"a\u0000b"}</p>`.text).toBe(
      '<p title="&quot;&#39;"><b>&lt;x&gt;</b>&amp;0ab</p>',
    );
  });
});
