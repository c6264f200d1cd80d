// @ts-check

/**
 * The mean time of one operation, batch by batch: no clock inside a batch, and batches so short that a time slice lost to
 * other work spoils few of them.
 * @param {(count: number) => unknown} run does it so often; a promise is awaited
 * @param {{ count: number, minMs: number }} options how many a batch has, and how long to go on; a third of it before, unmeasured
 * @returns {Promise<number[]>} ns
 */
export async function measureBatches(run, { count, minMs }) {
  await batchesFor(run, count, minMs / 3);
  return batchesFor(run, count, minMs);
}

/** @param {(count: number) => unknown} run @param {number} count @param {number} ms */
async function batchesFor(run, count, ms) {
  const batches = [];
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const start = performance.now();
    // Not awaited where there is nothing to wait for: what is measured does without a promise, too.
    const running = run(count);
    if (running instanceof Promise) await running;
    batches.push(((performance.now() - start) * 1e6) / count);
  }
  return batches;
}
