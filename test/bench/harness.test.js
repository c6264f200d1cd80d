// @ts-check
import { readdirSync, readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { evaluate } from '../../bench/harness/evaluate.js';
import { replaceTable } from '../../bench/harness/markdown.js';
import { measure, parseResult } from '../../bench/harness/measure.js';
import { quantile } from '../../bench/harness/statistics.js';
import { formatTable } from '../../bench/harness/table.js';

/** @typedef {import('../../bench/harness/rounds.js').Measured} Measured */

/** @param {number[]} values @param {'node' | 'limit'} [kind] */
function series(values, kind = 'node') {
  const results = values.map((value) => ({ name: 'x', unit: 'us', value }));
  return { program: { kind, file: 'x' }, results, failures: [] };
}

/** @param {number[]} ours @param {number[]} peer @param {number} limit @returns {Measured} */
function atMost(ours, peer, limit) {
  const mark = /** @type {const} */ ({ comparison: '<=', limit, source: 'a test' });
  const peers = [{ label: 'the peer', program: series([]).program, mark }];
  const measurement = { name: 'trip', unit: 'us', ours: series([]).program, peers };
  return { measurement, ours: series(ours), peers: [series(peer)] };
}

describe('bench: evaluate', () => {
  it('takes the median of the ratios of each round, so that drift common to both cancels', () => {
    const [row] = evaluate(atMost([10, 20, 400], [10, 20, 400], 1.2));
    expect(row).toMatchObject({ ratio: 1, ratioRange: [1, 1], met: true });
  });

  it('notes figures that differ more than twofold between rounds', () => {
    expect(formatTable(evaluate(atMost([10, 10], [14, 210], 1)))).toContain('the peer is unsteady, 14 to 210');
    expect(evaluate(atMost([10, 12], [14, 15], 1))[0]?.unsteady).toEqual([]);
  });

  it('says that a mark is missed', () => {
    const rows = evaluate(atMost([13, 13], [10, 10], 1.2));
    expect(rows[0]).toMatchObject({ ratio: 1.3, met: false });
    expect(formatTable(rows)).toContain('MISSED');
  });

  it('leaves a mark open where ours was not measured', () => {
    const measured = atMost([], [10], 1.2);
    measured.ours.missing = 'not written yet';
    const rows = evaluate(measured);
    expect(rows[0]).toMatchObject({ ours: null, peer: 10, ratio: null, met: null, why: 'x: not written yet' });
    expect(formatTable(rows)).toContain('not measured');
  });

  it('has a line for what has neither a peer nor a mark', () => {
    const measured = atMost([13, 14, 15], [], 1);
    [measured.measurement.peers, measured.peers] = [[], []];
    expect(evaluate(measured)).toMatchObject([{ against: '', ours: 14, mark: null, met: null }]);
  });

  it('names the 99th percentiles of both sides', () => {
    const measured = atMost([10], [20], 1);
    for (const result of measured.ours.results) if (result !== null) result.p99 = 12.3456;
    expect(formatTable(evaluate(measured))).toContain('trip, p99 in us: ours 12.3');
    for (const result of measured.peers[0]?.results ?? []) if (result !== null) result.p99 = 99;
    expect(formatTable(evaluate(measured))).toContain('trip, p99 in us: ours 12.3; the peer 99');
  });

  it('pairs the rounds in which both have a result', () => {
    const measured = atMost([10, 30, 20], [10, 10, 10], 1);
    measured.ours.results[1] = null;
    expect(evaluate(measured)[0]).toMatchObject({ ratio: 1.5, ratioRange: [1, 2] });
  });

  it('says when the C++ limit of the machine misses the mark as well', () => {
    const measured = atMost([8], [10], 0.5);
    measured.measurement.peers = [
      ...measured.measurement.peers,
      { label: 'C++ limit', program: { kind: 'limit', file: 'x' } },
    ];
    measured.peers.push(series([7], 'limit'));
    expect(evaluate(measured)[0]?.note).toContain('0.7 ×');
  });
});

describe('bench: formatTable', () => {
  it('writes rates in thousands and millions a second', () => {
    const measured = atMost([5_400_000], [65_500], 3);
    measured.measurement.unit = '/s';
    expect(formatTable(evaluate(measured))).toMatch(/ 5\.4 M\/s +65\.5 k\/s /);
    expect(formatTable(evaluate(atMost([5000], [65_500], 3)))).toMatch(/ 5000 us +65500 us /);
  });
});

describe('bench: measure', () => {
  it('reads the last line that a program prints', async () => {
    const source = 'console.log("chatter"); console.log(JSON.stringify({ name: "x", unit: "us", value: 2, p99: 3 }))';
    expect(await measure(process.execPath, ['-e', source])).toEqual({ name: 'x', unit: 'us', value: 2, p99: 3 });
  });

  it('rejects with the words of a program that failed', async () => {
    await expect(measure(process.execPath, ['-e', 'throw new Error("boom")'])).rejects.toThrow('boom');
    await expect(measure('no-such-program', [])).rejects.toThrow('ENOENT');
  });

  it('refuses a line that is no result', () => {
    expect(() => parseResult('hello')).toThrow('no result');
    expect(() => parseResult('{"name":"x","unit":"us","value":null}')).toThrow('no { name, unit, value }');
  });
});

describe('bench: quantile', () => {
  it('is the nearest rank, and for the median of an even count the mean of the middle two', () => {
    expect(quantile([3, 1, 2, 4], 0.5)).toBe(2.5);
    expect(
      quantile(
        Array.from({ length: 100 }, (_, i) => i + 1),
        0.99,
      ),
    ).toBe(99);
  });
});

describe('bench: the tables of README.md', () => {
  const folder = new URL('../../docs/benchmarks/', import.meta.url);

  it.each(readdirSync(folder))('are made from docs/benchmarks/%s, not typed', (file) => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const published = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
    const words = (/** @type {string} */ text) => text.replaceAll(/[\s|-]+/g, ' ');
    expect(words(replaceTable(readme, published))).toBe(words(readme));
  });
});
