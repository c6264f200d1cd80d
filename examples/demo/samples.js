// Running statistics and a digest over a stream of samples.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

export const STATISTICS = ['samples', 'minimum', 'maximum', 'mean', 'standard deviation', 'entropy (bits)'];
export const DIGEST_BYTES = 64;

const SAMPLE_VALUES = 256;

/** Statistics of bytes, exact in any division of the stream: all follow from how often each value occurs. */
class RunningStatistics {
  #counts = new Float64Array(SAMPLE_VALUES);

  add(samples) {
    const counts = this.#counts;
    for (let i = 0; i < samples.length; i++) counts[samples[i]]++;
  }

  result() {
    const counts = this.#counts;
    const total = counts.reduce((sum, count) => sum + count, 0);
    const mean = counts.reduce((sum, count, value) => sum + count * value, 0) / total;
    const variance = counts.reduce((sum, count, value) => sum + count * (value - mean) ** 2, 0) / total;
    const entropy = counts.reduce(
      (sum, count) => (count === 0 ? sum : sum - (count / total) * Math.log2(count / total)),
      0,
    );
    const occurring = [...counts.keys()].filter((value) => counts[value] > 0);
    return [total, occurring[0] ?? NaN, occurring.at(-1) ?? NaN, mean, Math.sqrt(variance), entropy];
  }
}

/** The other process: reads every message where it lies. */
export async function consumeSamples(channel, statistics, digest) {
  const running = new RunningStatistics();
  const hash = createHash('sha512');
  const take = (samples) => {
    running.add(samples);
    hash.update(samples);
  };
  for (;;) {
    try {
      await channel.consume(take);
    } catch (error) {
      if (error.code !== 'ERR_MP_EOF') throw error;
      break;
    }
  }
  statistics.set(running.result());
  digest.set(hash.digest());
}

/** The same in one process, from the file itself. */
export async function computeDirectly(path) {
  const running = new RunningStatistics();
  const hash = createHash('sha512');
  for await (const chunk of createReadStream(path)) {
    running.add(chunk);
    hash.update(chunk);
  }
  return { statistics: running.result(), digest: hash.digest() };
}
