import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const TUTORIAL = fileURLToPath(new URL('../../bench/python/float_channel_tutorial.py', import.meta.url));
// Each of its messages takes about 10 ms.
const MESSAGES = 200;
const BYTES = 800_000;

/** The tutorial's own program, measured now; undefined where there is no python3. */
export async function measureTutorial() {
  const options = [`--messages=${MESSAGES}`, '--round-trips=2000'];
  try {
    const { stdout } = await promisify(execFile)('python3', [TUTORIAL, ...options]);
    const { value, roundTripP50, roundTripP99 } = JSON.parse(stdout);
    return [
      { program: "Python, the tutorial's", gigabytes: value, messages: (value * 1e9) / BYTES },
      { program: "Python, the tutorial's, one double", p50: roundTripP50, p99: roundTripP99 },
    ];
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
