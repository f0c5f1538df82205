// @ts-check
/** How charts share the screen. Pure. */

const LEAST_HEIGHT = 210;
const MOST_HEIGHT = 620;
const LEAST_WIDTH = 420;
const GAP = 14;
/** Title and frame of a chart, and the gap below it. */
const AROUND = 62;
/** A chart wider than so many heights is not better to read. */
const ASPECT = 2.2;

/**
 * Return in how many columns and how high charts are the largest that fit, in pixels.
 * @param {number} numCharts
 * @param {number} width Of the screen's part for charts.
 * @param {number} height
 */
export function chartGrid(numCharts, width, height) {
  const most = Math.max(1, Math.min(numCharts, Math.floor((width + GAP) / (LEAST_WIDTH + GAP))));
  const layouts = Array.from({ length: most }, (_, i) => layout(i + 1, numCharts, width, height));
  return layouts.reduce((best, each) => (each.area > best.area ? each : best), layouts[most - 1]);
}

function layout(numColumns, numCharts, width, height) {
  const numRows = Math.max(1, Math.ceil(numCharts / numColumns));
  const own = (width - (numColumns - 1) * GAP) / numColumns;
  const fitting = Math.floor(height / numRows) - AROUND;
  const chartHeight = Math.min(MOST_HEIGHT, Math.max(LEAST_HEIGHT, fitting));
  // Where one has to scroll, the narrowest charts show the most of them.
  const area = fitting < LEAST_HEIGHT ? numColumns : Math.min(own, ASPECT * chartHeight) * chartHeight;
  return { numColumns, height: chartHeight, area };
}

/**
 * Return the x range of all charts, so that a place on one is the same place on the others.
 * @param {{x: number[]}[]} answers
 */
export function xRange(answers) {
  const filled = answers.filter(({ x }) => x.length);
  if (!filled.length) return {};
  return { min: Math.min(...filled.map(({ x }) => x[0])), max: Math.max(...filled.map(({ x }) => x[x.length - 1])) };
}
