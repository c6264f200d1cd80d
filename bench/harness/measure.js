// @ts-check
import { endGroup, startGroup } from './process-group.js';

/**
 * What a measurement prints as the last line of its standard output. Further fields are kept in the results.
 * @typedef {object} Result
 * @property {string} name
 * @property {string} unit
 * @property {number} value the figure that is compared
 * @property {number} [p50]
 * @property {number} [p99]
 */

const TIME_LIMIT_MS = 300_000;

/**
 * Runs one measurement in a process group of its own.
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Promise<Result>} rejects when it fails, prints no result, or takes too long; its whole group is gone then
 */
export async function measure(command, args) {
  const child = startGroup(command, args);
  let output = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (complaint += text));
  let late = false;
  const alarm = setTimeout(() => {
    late = true;
    endGroup();
  }, TIME_LIMIT_MS);
  try {
    const ending = await new Promise((resolve, reject) => {
      child.once('error', reject);
      // Not 'close': a straggler of the group may keep the pipes open.
      child.once('exit', (code, signal) => setImmediate(resolve, signal ?? code));
    });
    if (late) throw new Error(`no result after ${TIME_LIMIT_MS / 1000} s`);
    if (ending !== 0) throw new Error(`ended with ${ending}: ${complaint.trim() || 'no message'}`);
    await drained(child);
    return parseResult(output);
  } finally {
    clearTimeout(alarm);
    endGroup();
  }
}

/** @param {import('node:child_process').ChildProcess} child */
async function drained(child) {
  const stdout = child.stdout;
  if (stdout === null || stdout.readableEnded) return;
  const patience = AbortSignal.timeout(1000);
  await new Promise((resolve) => {
    stdout.once('end', resolve);
    patience.addEventListener('abort', resolve);
  });
}

/**
 * Reads the last line of a measurement's output.
 * @param {string} output
 * @returns {Result}
 */
export function parseResult(output) {
  const line = output.trim().split('\n').at(-1) ?? '';
  /** @type {unknown} */
  let result;
  try {
    result = JSON.parse(line);
  } catch (cause) {
    throw new Error(`printed no result as its last line: ${JSON.stringify(line.slice(0, 200))}`, { cause });
  }
  if (!isResult(result)) throw new Error(`its result is no { name, unit, value }: ${line.slice(0, 200)}`);
  return result;
}

/** @param {unknown} thing @returns {thing is Result} */
function isResult(thing) {
  const { name, unit, value } = /** @type {Partial<Result>} */ (thing ?? {});
  return typeof name === 'string' && typeof unit === 'string' && typeof value === 'number' && Number.isFinite(value);
}
