// @ts-check
import { mean, median, quantile } from './statistics.js';

/** @typedef {import('./measure.js').Result} Result */

/**
 * Prints the one line that a measurement hands to the runner.
 * @param {Result & Record<string, unknown>} result
 */
export function printResult(result) {
  process.stdout.write(`${JSON.stringify(result, round)}\n`);
}

/**
 * The result of samples of a duration: `value` is their median.
 * @param {string} name
 * @param {string} unit
 * @param {readonly number[]} samples
 * @param {Record<string, unknown>} [details]
 */
export function printLatency(name, unit, samples, details = {}) {
  const p50 = median(samples);
  const p99 = quantile(samples, 0.99);
  printResult({ name, unit, value: p50, p50, p99, mean: mean(samples), samples: samples.length, ...details });
}

/**
 * The result of the mean times of batches: `value` is their median.
 * @param {string} name
 * @param {string} unit
 * @param {readonly number[]} batches in that unit
 */
export function printBatches(name, unit, batches) {
  const [batchP5, batchP95] = [quantile(batches, 0.05), quantile(batches, 0.95)];
  printResult({ name, unit, value: median(batches), batchP5, batchP95, batches: batches.length });
}

/**
 * The result of rates per second: `value` is their median.
 * @param {string} name
 * @param {readonly number[]} rates
 */
export function printRates(name, rates) {
  printResult({ name, unit: '/s', value: median(rates), best: Math.max(...rates), rounds: rates.length });
}

/** @param {string} _key @param {unknown} value */
function round(_key, value) {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}
