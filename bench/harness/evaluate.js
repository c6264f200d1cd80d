// @ts-check
import { median } from './statistics.js';

/**
 * @typedef {import('./rounds.js').Mark} Mark
 * @typedef {import('./rounds.js').Measured} Measured
 * @typedef {import('./rounds.js').Peer} Peer
 * @typedef {import('./rounds.js').Series} Series
 */
/**
 * One line of the table.
 * @typedef {object} Row
 * @property {string} name
 * @property {string} against '' where ours is compared with a figure only
 * @property {string} unit
 * @property {number | null} ours median over rounds
 * @property {number | null} peer
 * @property {number | null} ratio median of the ratios of each round
 * @property {[number, number] | null} ratioRange
 * @property {Mark | null} mark
 * @property {boolean | null} met null without a mark or a figure
 * @property {string} [why] why there is no figure
 * @property {string} [note]
 * @property {string[]} [unsteady] figures that differ too much between rounds
 * @property {string[]} [tails] the 99th percentiles of durations
 */

/** Figures of one program that differ by more than this factor between rounds are noted. */
const UNSTEADY_FACTOR = 2;

/**
 * Compares what was measured with the marks.
 * @param {Measured} measured
 * @returns {Row[]}
 */
export function evaluate(measured) {
  const { measurement, ours, peers } = measured;
  const value = medianOf(ours);
  const rows = measurement.peers.map((peer, i) => {
    const series = /** @type {Series} */ (peers[i]);
    const ratios = ratiosOf(ours, series);
    return row(measured, peer.label, {
      peer: medianOf(series),
      ratio: ratios.length === 0 ? null : median(ratios),
      ratioRange: ratios.length === 0 ? null : [Math.min(...ratios), Math.max(...ratios)],
      mark: peer.mark ?? null,
      ...reason(ours, series),
      ...beyondTheLimit(measured, series, peer),
    });
  });
  const { mark = null } = measurement;
  if (mark !== null || rows.length === 0) rows.push(row(measured, '', { mark, ...reason(ours) }));
  const unsteady = [
    unsteadiness('ours', ours),
    ...measurement.peers.map(({ label }, i) => unsteadiness(label, peers[i])),
  ];
  const first = rows[0];
  if (first !== undefined) {
    first.unsteady = unsteady.flat().map((text) => `${measurement.name}: ${text}`);
    first.tails = tailsOf(measured);
  }
  for (const each of rows) each.met = isMet(each.against === '' ? value : each.ratio, each.mark);
  return rows;
}

/** @param {Measured} measured @param {string} against @param {Partial<Row>} rest @returns {Row} */
function row({ measurement, ours }, against, rest) {
  const { name, unit } = measurement;
  return {
    name,
    against,
    unit,
    ours: medianOf(ours),
    peer: null,
    ratio: null,
    ratioRange: null,
    mark: null,
    met: null,
    ...rest,
  };
}

/** @param {Series} series */
function medianOf(series) {
  const values = series.results.flatMap((result) => (result === null ? [] : [result.value]));
  return values.length === 0 ? null : median(values);
}

/** @param {string} label @param {Series} [series] @returns {string[]} */
function unsteadiness(label, series) {
  const values = (series?.results ?? []).flatMap((result) => (result === null ? [] : [result.value]));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return high > low * UNSTEADY_FACTOR ? [`${label} is unsteady, ${low} to ${high} between rounds`] : [];
}

/** @param {Measured} measured @returns {string[]} */
function tailsOf({ measurement, ours, peers }) {
  const tails = [ours, ...peers].flatMap((series, i) => {
    const values = series.results.flatMap((result) => (result?.p99 === undefined ? [] : [result.p99]));
    if (values.length === 0) return [];
    return [`${i === 0 ? 'ours' : measurement.peers[i - 1]?.label} ${Number(median(values).toPrecision(3))}`];
  });
  return tails.length === 0 ? [] : [`${measurement.name}, p99 in ${measurement.unit}: ${tails.join('; ')}`];
}

/** @param {Series} ours @param {Series} peer */
function ratiosOf(ours, peer) {
  return peer.results.flatMap((result, round) => {
    const own = ours.results[round];
    return result === null || own === null || own === undefined ? [] : [own.value / result.value];
  });
}

/** @param {Series[]} series @returns {{ why?: string }} */
function reason(...series) {
  const [first] = series.flatMap(({ program, missing, failures }) => {
    if (missing !== undefined) return [`${program.file}: ${missing}`];
    return failures.length > 0 ? [`${program.file}: failed`] : [];
  });
  return first === undefined ? {} : { why: first };
}

/**
 * A mark against a peer can lie beyond what the machine gives at all: then the C++ limit misses it as well.
 * @param {Measured} measured @param {Series} series @param {Peer} peer @returns {{ note?: string }}
 */
function beyondTheLimit({ measurement, peers }, series, { label, mark }) {
  const limits = peers.filter(({ program }) => program.kind === 'limit');
  if (mark === undefined || limits.includes(series) || limits.length === 0) return {};
  const ratios = limits.flatMap((limit) => ratiosOf(limit, series));
  if (ratios.length === 0 || isMet(median(ratios), mark) !== false) return {};
  const figure = Number(median(ratios).toPrecision(3));
  return {
    note: `${measurement.name}: the C++ limit itself reaches ${figure} × ${label} here, so the mark is out of reach`,
  };
}

/** @param {number | null} figure @param {Mark | null} mark */
function isMet(figure, mark) {
  if (figure === null || mark === null) return null;
  return mark.comparison === '>=' ? figure >= mark.limit : figure <= mark.limit;
}
