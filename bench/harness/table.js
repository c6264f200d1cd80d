// @ts-check

/** @typedef {import('./evaluate.js').Row} Row */

const HEADINGS = ['measured', 'against', 'ours', 'peer', 'ratio', '(rounds)', 'mark', 'met?'];

/** Of rates, which are large. @type {readonly (readonly [number, string])[]} */
const PREFIXES = [
  [1e6, 'M'],
  [1e3, 'k'],
];

/**
 * The rows as a table of text, with what stands in the way of a figure below it.
 * @param {readonly Row[]} rows
 * @returns {string}
 */
export function formatTable(rows) {
  const cells = formatCells(rows);
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((line) => (line[column] ?? '').length)));
  const lines = cells.map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => '─'.repeat(width)).join('  '));
  const remarks = rows.flatMap(({ why, note, unsteady = [], tails = [] }) =>
    [why, note, ...unsteady, ...tails].filter((text) => text !== undefined),
  );
  return [...lines, ...new Set(remarks.map((text) => `  · ${text}`))].join('\n');
}

/** The headings, and a line of cells for each row. @param {readonly Row[]} rows @returns {string[][]} */
export function formatCells(rows) {
  return [HEADINGS, ...rows.map(formatRow)];
}

/** @param {Row} row */
function formatRow({ name, against, unit, ours, peer, ratio, ratioRange, mark, met }) {
  return [
    name,
    against || '(a figure)',
    formatFigure(ours, unit),
    against === '' ? '' : formatFigure(peer, unit),
    ratio === null ? '' : `${formatNumber(ratio)} ×`,
    ratioRange === null ? '' : ratioRange.map(formatNumber).join(' – '),
    mark === null ? '' : `${mark.comparison === '>=' ? '≥' : '≤'} ${mark.limit}${against === '' ? ` ${unit}` : ' ×'}`,
    met === null ? '' : met ? 'yes' : 'MISSED',
  ];
}

/** @param {number | null} figure @param {string} unit */
function formatFigure(figure, unit) {
  if (figure === null) return 'not measured';
  const [factor, prefix] = unit === '/s' ? (PREFIXES.find(([least]) => figure >= least) ?? [1, '']) : [1, ''];
  return `${formatNumber(figure / factor)} ${prefix}${unit}`;
}

/** @param {number} number */
function formatNumber(number) {
  return Math.abs(number) >= 1000 ? String(Math.round(number)) : String(Number(number.toPrecision(3)));
}
