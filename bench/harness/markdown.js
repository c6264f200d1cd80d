// @ts-check
import { formatCells } from './table.js';

/**
 * What is kept of a run for readers: bench/publish.js writes it.
 * @typedef {{
 *   readonly suite: string; readonly startedAt: string; readonly rounds: number;
 *   readonly machine: Readonly<Record<string, string | number>>; readonly rows: readonly import('./evaluate.js').Row[];
 * }} Published
 */

/**
 * The rows as a table of Markdown, below a line on where they come from.
 * @param {Published} published
 */
export function formatMarkdown({ suite, startedAt, rounds, machine, rows }) {
  const [headings = [], ...cells] = formatCells(rows);
  const line = (/** @type {readonly string[]} */ row) => `| ${row.join(' | ')} |`;
  return [
    `\`npm run bench -- ${suite}\`, ${rounds} rounds on ${startedAt.slice(0, 10)}: ${machine['cpu']}, ${machine['cores']} cores, ` +
      `${machine['kernel']}, Node ${machine['node']}, ${machine['python']}.`,
    '',
    line(headings),
    line(headings.map(() => '---')),
    ...cells.map(line),
  ].join('\n');
}

/**
 * Puts the table between the marks that README.md has for the suite.
 * @param {string} readme @param {Published} published
 */
export function replaceTable(readme, published) {
  const begin = `<!-- bench:${published.suite} -->`;
  const end = `<!-- /bench:${published.suite} -->`;
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md has no place for the table: ${begin} and ${end}`);
  return `${readme.slice(0, from + begin.length)}\n\n${formatMarkdown(published)}\n\n${readme.slice(to)}`;
}
