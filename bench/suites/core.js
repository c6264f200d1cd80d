// @ts-check
// The core: FloatChannel, waiting and waking, starting processes. What is measured, against whom, and the mark for it.

/**
 * @typedef {import('../harness/rounds.js').Mark} Mark
 * @typedef {import('../harness/rounds.js').Measurement} Measurement
 */

const ISSUE = 'issue 2';
const DESIGN = 'design §11';
const ACROSS_CORES = '--pin=0,1';

/** @param {number} limit @param {string} [source] @returns {Mark} */
const atLeast = (limit, source = ISSUE) => ({ comparison: '>=', limit, source });
/** @param {number} limit @param {string} [source] @returns {Mark} */
const atMost = (limit, source = ISSUE) => ({ comparison: '<=', limit, source });

/** @type {import('../harness/rounds.js').Peer} */
const TUTORIAL = {
  label: "Python, the tutorial's",
  program: { kind: 'python', file: 'python/float_channel_tutorial.py' },
  mark: atLeast(60, DESIGN),
  rounds: 2,
};

/** @param {number} slots @returns {Measurement} */
const floatChannelCopy = (slots) => ({
  name: `FloatChannel, copy, ${slots} slots`,
  unit: 'GB/s',
  ours: { kind: 'node', file: 'core/float-channel.js', args: ['--mode=copy', `--slots=${slots}`] },
  peers: [
    {
      label: 'C++ limit',
      program: { kind: 'limit', file: 'float-channel', args: ['--mode=copy', `--slots=${slots}`] },
      mark: atLeast(0.9),
    },
    {
      label: 'Python, hand-written ring',
      program: { kind: 'python', file: 'python/float_channel_ring.py', args: [`--slots=${slots}`] },
      mark: atLeast(1.4),
      rounds: 3,
    },
    ...(slots === 4 ? [TUTORIAL] : []),
  ],
});

/** @param {number} slots @returns {Measurement} */
const floatChannelZeroCopy = (slots) => ({
  name: `FloatChannel, zero-copy, ${slots} slots`,
  unit: 'GB/s',
  ours: { kind: 'node', file: 'core/float-channel.js', args: ['--mode=zero-copy', `--slots=${slots}`] },
  peers: [
    {
      label: 'C++ limit',
      program: { kind: 'limit', file: 'float-channel', args: ['--mode=zero-copy', `--slots=${slots}`] },
      mark: atLeast(0.9),
    },
  ],
});

/** @type {readonly Measurement[]} */
export const measurements = [
  ...[2, 4, 8].map(floatChannelCopy),
  ...[2, 4, 8].map(floatChannelZeroCopy),
  {
    name: 'spin round trip',
    unit: 'ns',
    ours: { kind: 'node', file: 'core/spin-round-trip.js' },
    peers: [{ label: 'C++ limit', program: { kind: 'limit', file: 'spin-round-trip' }, mark: atMost(1.6) }],
  },
  {
    name: 'round trip, both asleep, sync',
    unit: 'us',
    ours: { kind: 'node', file: 'core/sleeping-round-trip.js', args: ['--form=sync', '--gap-ms=1', ACROSS_CORES] },
    peers: [
      {
        label: 'raw futex',
        program: { kind: 'limit', file: 'futex-round-trip', args: ['--gap-us=1000', ACROSS_CORES] },
        mark: atMost(1.2),
      },
    ],
  },
  {
    name: 'round trip, both asleep, async',
    unit: 'us',
    ours: { kind: 'node', file: 'core/sleeping-round-trip.js', args: ['--form=async', '--gap-ms=1', ACROSS_CORES] },
    peers: [
      {
        label: 'eventfd in the loop',
        program: {
          kind: 'node',
          file: 'peers/eventfd-round-trip.js',
          args: ['--gap-ms=1', ACROSS_CORES],
          needs: 'eventfd-loop',
        },
        mark: atMost(1.2),
      },
      {
        label: 'child_process IPC',
        program: { kind: 'node', file: 'peers/ipc-round-trip.js', args: ['--trips=1000', '--gap-ms=1', ACROSS_CORES] },
      },
    ],
  },
  {
    name: 'round trip, loop to loop, both awake',
    unit: 'us',
    ours: { kind: 'node', file: 'core/awake-loop-round-trip.js' },
    peers: [{ label: 'child_process IPC', program: { kind: 'node', file: 'peers/ipc-round-trip.js' } }],
    mark: atMost(5),
  },
  {
    name: 'start() blocks, 2 GB resident',
    unit: 'ms',
    ours: { kind: 'node', file: 'core/start-blocking.js', args: ['--rss-mb=2048'] },
    peers: [
      {
        label: 'child_process.spawn()',
        program: { kind: 'node', file: 'peers/spawn-blocking.js', args: ['--rss-mb=2048'] },
        mark: atMost(0.01),
      },
    ],
  },
  ...['cjs', 'mjs'].map((extension) => ({
    name: `start to join, empty target (.${extension})`,
    unit: 'ms',
    ours: /** @type {const} */ ({ kind: 'node', file: 'core/start-to-join.js', args: [`--module=${extension}`] }),
    peers: [
      {
        label: `node empty.${extension}`,
        program: /** @type {const} */ ({
          kind: 'node',
          file: 'peers/bare-node.js',
          args: [`--file=empty.${extension}`],
        }),
        mark: atMost(1.15),
      },
    ],
  })),
  ...['cjs', 'mjs'].map((extension) => ({
    name: `start to join, empty target (.${extension}), started ahead`,
    unit: 'ms',
    ours: /** @type {const} */ ({
      kind: 'node',
      file: 'core/start-to-join.js',
      args: [`--module=${extension}`, '--start=prewarm'],
    }),
    peers: [
      {
        label: `node empty.${extension}`,
        program: /** @type {const} */ ({
          kind: 'node',
          file: 'peers/bare-node.js',
          args: [`--file=empty.${extension}`],
        }),
        mark: atMost(0.1, DESIGN),
      },
    ],
  })),
  {
    name: 'start() to the first line, started ahead',
    unit: 'ms',
    ours: { kind: 'node', file: 'core/first-line.js' },
    peers: [],
    // A wake across cores is about 0.05 ms.
    mark: atMost(1.05, DESIGN),
  },
  {
    name: 'processor time of a process that was started ahead',
    unit: 'ms/s',
    ours: { kind: 'node', file: 'core/spare-cpu.js' },
    peers: [],
    mark: atMost(1),
  },
  ...['sync', 'async'].map((form) => ({
    name: `processor time of a waiting process, ${form}`,
    unit: 'ms/s',
    ours: /** @type {const} */ ({ kind: 'node', file: 'core/waiting-cpu.js', args: [`--form=${form}`] }),
    peers: [],
    mark: atMost(1),
  })),
];
