// @ts-check

/**
 * The quantile by nearest rank; the median of an even count is the mean of the middle two.
 * @param {readonly number[]} samples
 * @param {number} q between 0 and 1
 * @returns {number} NaN without samples
 */
export function quantile(samples, q) {
  const sorted = Float64Array.from(samples).sort();
  const count = sorted.length;
  if (count === 0) return NaN;
  if (q === 0.5 && count % 2 === 0) return (at(sorted, count / 2 - 1) + at(sorted, count / 2)) / 2;
  return at(sorted, Math.min(count, Math.max(1, Math.ceil(q * count))) - 1);
}

/** @param {readonly number[]} samples */
export function median(samples) {
  return quantile(samples, 0.5);
}

/** @param {readonly number[]} samples */
export function mean(samples) {
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
}

/** @param {Float64Array} sorted @param {number} index */
function at(sorted, index) {
  return sorted[index] ?? NaN;
}
