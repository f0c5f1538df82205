// @ts-check
/** What a regression says against what is true. */
import { lineChart } from "board/chart.js";
import { h } from "board/dom.js";
import { sentence } from "board/views/run_words.js";

const HEIGHT = 320;

/**
 * @param {HTMLElement} element
 * @param {{name: string, pairs: [number, number][]}[]} residuals
 * @returns {() => void} removes the charts
 */
export function residualCharts(element, residuals) {
  const holder = h("div.charts");
  element.append(holder);
  const charts = residuals.map(({ name, pairs }) => chartOf(holder, name || "target", pairs));
  return () => charts.forEach((chart) => chart.destroy());
}

/** @param {HTMLElement} element @param {string} name @param {[number, number][]} pairs */
function chartOf(element, name, pairs) {
  const sorted = [...pairs].sort(([a], [b]) => a - b);
  const ends = sorted.length ? [sorted[0][0], sorted[sorted.length - 1][0]] : [];
  return lineChart(element, {
    title: sentence(name),
    x: { label: `True ${name}` },
    y: { label: `Predicted ${name}` },
    series: [
      { label: "prediction", color: "var(--series-0)", x: sorted.map(([x]) => x), y: sorted.map(([, y]) => y), points: true },
      { label: "as it is", color: "var(--series-7)", x: ends, y: ends, dash: [4, 3] },
    ],
    height: HEIGHT,
  });
}
