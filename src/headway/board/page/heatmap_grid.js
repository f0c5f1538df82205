// @ts-check
/**
 * The numbers of a heat map: what the server packed into 16 bits, and how many layers become few
 * rows of pixels.
 *
 * @typedef {{title: string, unit: string, scale: "log"|"linear", low: number, high: number,
 *   has_zero?: boolean, rows: number, columns: number, data: string}} PackedGrid
 * @typedef {Omit<PackedGrid, "data"> & {cells: Uint16Array}} Grid
 */

export const NO_VALUE = 65535;
const TOP = 65534;
const LARGE = 1000;

/**
 * Unpack what `/api/layers` sent.
 * @param {PackedGrid} packed
 * @returns {Grid}
 */
export function unpackGrid(packed) {
  const { data, ...rest } = packed;
  const text = atob(data);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return { ...rest, cells: new Uint16Array(bytes.buffer) };
}

/**
 * Return the number that a level stands for, NaN where there is none.
 * @param {Pick<Grid, "scale"|"low"|"high"|"has_zero">} grid
 * @param {number} level
 */
export function valueOf(grid, level) {
  if (level === NO_VALUE) return NaN;
  if (level === 0 && grid.has_zero) return 0;
  const share = level / TOP;
  if (grid.scale === "log") return grid.low * (grid.high / grid.low) ** share;
  return grid.low + (grid.high - grid.low) * share;
}

/**
 * Return the level of a number, held within the range of the grid.
 * @param {Pick<Grid, "scale"|"low"|"high">} grid
 * @param {number} value
 */
export function levelOf(grid, value) {
  const { low, high } = grid;
  if (high === low) return 0;
  const share =
    grid.scale === "log"
      ? Math.log(value / low) / Math.log(high / low)
      : (value - low) / (high - low);
  return Math.round(TOP * Math.min(1, Math.max(0, share)));
}

/**
 * Return the value of one layer at one time, NaN where there is none.
 * @param {Grid} grid
 * @param {number} row
 * @param {number} column
 */
export function cellValue(grid, row, column) {
  return valueOf(grid, grid.cells[row * grid.columns + column] ?? NO_VALUE);
}

/**
 * Return the rows that hold a value at any time: a layer without activation has no dead units.
 * @param {Grid} grid
 */
export function filledRows(grid) {
  const rows = [];
  for (let row = 0; row < grid.rows; row += 1) {
    if (rowOf(grid, row).some((cell) => cell !== NO_VALUE)) rows.push(row);
  }
  return Int32Array.from(rows);
}

/**
 * Return the levels below which these shares of the cells lie; null where no cell has a value.
 * @param {Grid} grid
 * @param {ArrayLike<number>} rows the layers that count
 * @param {number[]} shares from 0 to 1, ascending
 */
export function levelQuantiles(grid, rows, shares) {
  const counts = new Uint32Array(NO_VALUE);
  let total = 0;
  for (let i = 0; i < rows.length; i += 1) {
    for (const cell of rowOf(grid, rows[i])) {
      if (cell === NO_VALUE) continue;
      counts[cell] += 1;
      total += 1;
    }
  }
  if (total === 0) return null;
  const levels = [];
  let level = 0;
  let below = counts[0];
  for (const share of shares) {
    while (below <= share * (total - 1)) below += counts[(level += 1)];
    levels.push(level);
  }
  return levels;
}

/**
 * Return the levels of the first color, of a usual value and of the last color: where there are
 * many cells, a few wild ones do not take all colors away from the others.
 * @param {Grid} grid
 * @param {ArrayLike<number>} rows the layers that count
 */
export function coloredLevels(grid, rows) {
  const isLarge = rows.length * grid.columns >= LARGE;
  return levelQuantiles(grid, rows, isLarge ? [0.003, 0.5, 0.997] : [0, 0.5, 1]);
}

/**
 * @param {Grid} grid
 * @param {number} row
 */
function rowOf({ cells, columns }, row) {
  return cells.subarray(row * columns, (row + 1) * columns);
}

/**
 * Return one line of levels for several layers: of each column the level that lies farthest from
 * `usual`, so that a single sick layer stays visible among hundreds.
 * @param {Grid} grid
 * @param {ArrayLike<number>} rows
 * @param {number} usual
 * @param {Uint16Array} line is filled, one level for each column
 */
export function poolRows(grid, rows, usual, line) {
  line.fill(NO_VALUE);
  for (let i = 0; i < rows.length; i += 1) {
    const start = rows[i] * grid.columns;
    for (let column = 0; column < grid.columns; column += 1) {
      const level = grid.cells[start + column];
      if (level === NO_VALUE) continue;
      const kept = line[column];
      if (kept === NO_VALUE || Math.abs(level - usual) > Math.abs(kept - usual)) {
        line[column] = level;
      }
    }
  }
  return line;
}

/**
 * Return where the highest and the lowest value stand, null where no cell has a value.
 * @param {Grid} grid
 * @param {ArrayLike<number>} rows the layers that count
 */
export function extremes(grid, rows) {
  let lowest = -1;
  let highest = -1;
  for (let i = 0; i < rows.length; i += 1) {
    const start = rows[i] * grid.columns;
    for (let place = start; place < start + grid.columns; place += 1) {
      const level = grid.cells[place];
      if (level === NO_VALUE) continue;
      if (lowest < 0 || level < grid.cells[lowest]) lowest = place;
      if (highest < 0 || level > grid.cells[highest]) highest = place;
    }
  }
  return lowest < 0 ? null : { lowest: placeOf(grid, lowest), highest: placeOf(grid, highest) };
}

/**
 * @param {Grid} grid
 * @param {number} index
 */
function placeOf(grid, index) {
  const row = Math.floor(index / grid.columns);
  const column = index % grid.columns;
  return { row, column, value: cellValue(grid, row, column) };
}
