// @ts-check
// Managers, and shared memory for other programs. What is measured, against whom, and the mark for it.
import { managedObjects } from './managed-objects.js';

/**
 * @typedef {import('../harness/rounds.js').Mark} Mark
 * @typedef {import('../harness/rounds.js').Measurement} Measurement
 * @typedef {import('../harness/rounds.js').Peer} Peer
 */

/** @param {number} limit @returns {Mark} */
const atMost = (limit) => ({ comparison: '<=', limit, source: 'bench/README.md' });

/** @param {string} file @param {...string} args */
const node = (file, ...args) => ({ kind: /** @type {const} */ ('node'), file, args });

/** @param {string} file @param {readonly string[]} args @param {Mark} mark @returns {Peer} */
const python = (file, args, mark) => ({
  label: 'Python',
  program: { kind: 'python', file: `python/${file}`, args },
  mark,
});

/** @type {readonly Measurement[]} */
export const measurements = [
  ...managedObjects,
  {
    name: 'SharedMemory, made, closed and removed',
    unit: 'us',
    ours: node('managers/shared-memory.js'),
    peers: [python('shared_memory.py', [], atMost(1))],
  },
  {
    name: 'SharedMemory, the same without track',
    unit: 'us',
    ours: node('managers/shared-memory.js', '--track=no'),
    peers: [],
  },
  ...['int', 'float', 'text'].map((kind) => ({
    name: `ShareableList, get(), ${kind}`,
    unit: 'ns',
    ours: node('managers/shareable-list.js', `--of=${kind}`),
    peers: [python('shareable_list.py', [`--of=${kind}`], atMost(0.3))],
  })),
];
