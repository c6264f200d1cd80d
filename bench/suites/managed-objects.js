// @ts-check
// The objects of managers: a part of the suite of managers.

/**
 * @typedef {import('../harness/rounds.js').Mark} Mark
 * @typedef {import('../harness/rounds.js').Measurement} Measurement
 */

const SOURCE = 'bench/README.md';

/** @param {string} name @param {string} of @param {number} limit @returns {Measurement} */
const calls = (name, of, limit) => ({
  name,
  unit: '/s',
  ours: { kind: 'node', file: 'managers/calls.js', args: [`--of=${of}`] },
  peers: [
    {
      label: "Python's manager",
      program: { kind: 'python', file: 'python/manager_calls.py', args: [`--of=${of}`] },
      mark: { comparison: '>=', limit, source: SOURCE },
    },
  ],
});

/** @type {readonly Measurement[]} */
export const managedObjects = [
  calls('Manager, dict get', 'get', 3),
  calls('Manager, dict set', 'set', 3),
  calls('Manager, Queue put and get', 'queue', 3),
  calls('Manager at a TCP address, list append', 'append', 2),
  {
    name: 'Manager, from its start to its first dict',
    unit: 'ms',
    ours: { kind: 'node', file: 'managers/start.js', args: [] },
    peers: [
      {
        label: 'a bare node run',
        program: { kind: 'node', file: 'peers/bare-node.js', args: ['--file=empty.cjs'] },
        mark: { comparison: '<=', limit: 1.2, source: SOURCE },
      },
    ],
  },
];
