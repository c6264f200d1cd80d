// @ts-check
// Synchronization and shared values. What is measured, against whom, and the mark for it.

/**
 * @typedef {import('../harness/rounds.js').Mark} Mark
 * @typedef {import('../harness/rounds.js').Measurement} Measurement
 * @typedef {import('../harness/rounds.js').Peer} Peer
 */

const SOURCE = 'bench/README.md';
const ACROSS_CORES = '--pin=0,1';

/** @param {number} limit @returns {Mark} */
const atLeast = (limit) => ({ comparison: '>=', limit, source: SOURCE });
/** @param {number} limit @returns {Mark} */
const atMost = (limit) => ({ comparison: '<=', limit, source: SOURCE });

/** @param {string} file @param {...string} args */
const node = (file, ...args) => ({ kind: /** @type {const} */ ('node'), file, args });

/** @param {string} file @param {readonly string[]} args @param {Mark} [mark] @returns {Peer} */
const python = (file, args, mark) => ({
  label: 'Python',
  program: { kind: 'python', file: `python/${file}`, args },
  ...(mark && { mark }),
});

/** What sleeps and is woken at each turn, as Python's do, goes faster on one processor. @param {Peer} peer @returns {Peer} */
const onOneProcessor = (peer) => ({
  ...peer,
  label: 'Python, on one processor',
  program: { ...peer.program, args: [...(peer.program.args ?? []), '--pin=0,0'] },
});

/** @param {string} kind @param {Mark} [mark] @param {readonly Peer[]} [others] @returns {Measurement} */
const syncPair = (kind, mark, others = []) => ({
  name: `${kind}, acquire and release`,
  unit: 'ns',
  ours: node('sync/pair.js', `--of=${kind}`, '--form=sync'),
  peers: [python('pair.py', [`--of=${kind}`], mark), ...others],
});

/** @param {string} name @param {string} unit @param {string} file @param {Mark} [mark] @returns {Measurement} */
const pingPong = (name, unit, file, mark) => ({
  name,
  unit,
  ours: node(`sync/${file}.js`),
  peers: [python(`${file.replaceAll('-', '_')}.py`, [], mark)].flatMap((peer) => [peer, onOneProcessor(peer)]),
});

/** @type {readonly Measurement[]} */
export const measurements = [
  syncPair('Lock', atMost(0.5), [
    {
      label: 'Python, methods in local variables',
      program: { kind: 'python', file: 'python/pair.py', args: ['--of=Lock', '--form=bound'] },
    },
    { label: 'raw Atomics, private memory', program: node('peers/atomics.js', '--of=pair') },
  ]),
  syncPair('RLock'),
  syncPair('Semaphore'),
  ...['Lock', 'RLock', 'Semaphore'].map((kind) => ({
    name: `${kind}, await acquire and release`,
    unit: 'ns',
    ours: node('sync/pair.js', `--of=${kind}`, '--form=async'),
    peers: [],
  })),
  {
    name: 'Value, += 1 under its lock, 2 processes',
    unit: '/s',
    ours: node('sync/value-increment.js'),
    peers: [python('value_increment.py', [], atLeast(5))],
  },
  {
    name: 'Value, add(1)',
    unit: 'ns',
    ours: node('sync/value-add.js'),
    peers: [{ label: 'raw Atomics.add, private memory', program: node('peers/atomics.js', '--of=add') }],
    mark: atMost(15),
  },
  {
    name: 'SharedArray, an element read and written',
    unit: 'ns',
    ours: node('sync/indexing.js', '--of=shared'),
    peers: [
      { label: 'a private Float64Array', program: node('sync/indexing.js', '--of=private'), mark: atMost(1.1) },
      { label: 'RawArray', program: node('sync/indexing.js', '--of=raw') },
    ],
  },
  {
    ...pingPong('Semaphore, round trip, both running', 'us', 'semaphore-round-trip'),
    mark: atMost(1),
  },
  {
    name: 'Event, set to wake of a sleeper',
    unit: 'us',
    ours: node('sync/event-wake.js', '--gap-ms=1', ACROSS_CORES),
    peers: [
      {
        label: 'raw futex',
        program: { kind: 'limit', file: 'futex-wake', args: ['--gap-us=1000', ACROSS_CORES] },
        mark: atMost(1.2),
      },
      python('event_wake.py', ['--gap-ms=1', ACROSS_CORES]),
    ],
  },
  pingPong('Condition, round trips', '/s', 'condition-round-trip', atLeast(3)),
  pingPong('Barrier(2), passes', '/s', 'barrier-passes', atLeast(3)),
  ...['Value', 'Lock'].map((kind) => ({
    name: `${kind}, made and closed`,
    unit: 'us',
    ours: node('sync/creation.js', `--of=${kind}`),
    peers: [python('creation.py', [`--of=${kind}`], atMost(0.2))],
  })),
];
