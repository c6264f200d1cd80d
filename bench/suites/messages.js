// @ts-check
// Queues and connections. What is measured, against whom, and the mark for it.

/**
 * @typedef {import('../harness/rounds.js').Mark} Mark
 * @typedef {import('../harness/rounds.js').Measurement} Measurement
 * @typedef {import('../harness/rounds.js').Peer} Peer
 */

const SOURCE = 'bench/README.md';
const MEGABYTE = ['--bytes=1000000', '--unit=GB/s', '--count=100'];
/** So that neither side gathers messages of this size without end. */
const BOUNDED = '--max-size=16';
const PAUSES = ['--gap-ms=5', '--warm-up=1000', '--trips=200', '--pin=0,1'];
/** Bytes of a message, and messages in a round. @type {readonly (readonly [number, number])[]} */
const SWEEP = [
  [16, 5000],
  [100, 5000],
  [1000, 5000],
  [10_000, 5000],
  [100_000, 1000],
  [1_000_000, 100],
];

/** @param {number} limit @returns {Mark} */
const atLeast = (limit) => ({ comparison: '>=', limit, source: SOURCE });
/** @param {number} limit @returns {Mark} */
const atMost = (limit) => ({ comparison: '<=', limit, source: SOURCE });

/** @param {string} file @param {...string} args */
const node = (file, ...args) => ({ kind: /** @type {const} */ ('node'), file, args });

const PISCINA = { ...node('pool/there-and-back.js', '--pool=piscina', '--workers=1'), package: 'piscina' };

/** @param {string} label @param {import('../harness/rounds.js').Program} program @param {Mark} [mark] @returns {Peer} */
const peer = (label, program, mark) => ({ label, program, ...(mark && { mark }) });

/** @param {string} label @param {string} file @param {readonly string[]} args @param {Mark} [mark] */
const python = (label, file, args, mark) => peer(label, { kind: 'python', file: `python/${file}`, args }, mark);

/** @param {string} form @param {readonly [Mark, Mark, Mark] | readonly []} marks @returns {Measurement} */
const smallObjects = (form, [againstPython, againstPort, againstIpc]) => ({
  name: `Queue, small objects, ${form}`,
  unit: '/s',
  ours: node('messages/one-way.js', `--form=${form}`),
  peers: [
    python("Python's Queue", 'one_way.py', [], againstPython),
    peer('MessagePort', node('peers/message-port.js'), againstPort),
    peer('child_process IPC', node('peers/ipc-one-way.js', '--serialization=json'), againstIpc),
    peer("child_process IPC, 'advanced'", node('peers/ipc-one-way.js', '--serialization=advanced')),
  ],
});

/** @param {string} over @param {string} form @param {{ queue?: Mark, pipe?: Mark }} [marks] @returns {Measurement} */
const megabytes = (over, form, marks = {}) => ({
  name: `${over}, 1 MB, ${form}`,
  unit: 'GB/s',
  ours: node('messages/one-way.js', `--over=${over.toLowerCase()}`, `--form=${form}`, ...MEGABYTE, BOUNDED),
  peers: [
    python("Python's Queue", 'one_way.py', [...MEGABYTE, BOUNDED], marks.queue),
    python("Python's Pipe", 'one_way.py', ['--over=pipe', ...MEGABYTE], marks.pipe),
  ],
});

/** @param {readonly [number, number]} size @returns {Measurement} */
const sweep = ([bytes, count]) => ({
  name: `Queue, ${bytes} B, sync`,
  unit: '/s',
  ours: node('messages/one-way.js', `--bytes=${bytes}`, `--count=${count}`, limitFor(bytes)),
  peers: [
    {
      ...python("Python's Queue", 'one_way.py', [`--bytes=${bytes}`, `--count=${count}`, limitFor(bytes)]),
      rounds: 2,
    },
  ],
});

/** @param {number} bytes */
function limitFor(bytes) {
  return bytes >= 100_000 ? BOUNDED : '--max-size=0';
}

/** @param {number} bytes @param {string} size @param {Mark} [mark] @returns {Measurement} */
const sharedArray = (bytes, size, mark) => ({
  name: `RawArray of ${size} over a Connection`,
  unit: 'us',
  ours: node('messages/shared-array.js', `--bytes=${bytes}`),
  peers: [peer('of 8 kB', node('messages/shared-array.js', '--bytes=8000'), mark)],
});

/** @type {readonly Measurement[]} */
export const measurements = [
  smallObjects('sync', [atLeast(10), atLeast(2.5), atLeast(8)]),
  smallObjects('async', []),
  {
    name: 'Queue, small objects, sync, 2 producers, 2 consumers',
    unit: '/s',
    ours: node('messages/one-way.js', '--producers=2', '--consumers=2', '--count=50000'),
    peers: [python("Python's Queue", 'one_way.py', ['--producers=2', '--consumers=2', '--count=10000'])],
  },
  megabytes('Queue', 'sync'),
  megabytes('Queue', 'async', { queue: atLeast(5) }),
  megabytes('Connection', 'sync'),
  megabytes('Connection', 'async', { pipe: atLeast(5) }),
  {
    name: 'Connection, round trip, sync, both awake',
    unit: 'us',
    ours: node('messages/round-trip.js', '--form=sync'),
    peers: [
      python("Python's Pipe", 'pipe_round_trip.py', [], atMost(0.1)),
      python("Python's Pipe, on one processor", 'pipe_round_trip.py', ['--pin=0,0'], atMost(0.1)),
    ],
    mark: atMost(3),
  },
  {
    name: 'Connection, round trip, async, both awake',
    unit: 'us',
    ours: node('messages/round-trip.js', '--form=async'),
    peers: [peer('child_process IPC', node('peers/ipc-round-trip.js'), atMost(0.15))],
  },
  {
    name: 'Connection, round trip, async, both asleep',
    unit: 'us',
    ours: node('messages/round-trip.js', '--form=async', ...PAUSES),
    peers: [peer('child_process IPC', node('peers/ipc-round-trip.js', ...PAUSES), atMost(0.8))],
  },
  {
    name: 'processor time of a process that awaits recv()',
    unit: 'ms/s',
    ours: node('messages/waiting-cpu.js', '--of=rate'),
    peers: [],
    mark: atMost(1),
  },
  {
    name: 'last message to no processor time',
    unit: 'ms',
    ours: node('messages/waiting-cpu.js', '--of=stop'),
    peers: [],
    mark: atMost(1),
  },
  {
    name: 'Float64Array of 8 MB, there and back',
    unit: 'ms',
    ours: node('messages/there-and-back.js'),
    peers: [
      peer("child_process IPC, 'advanced'", node('peers/ipc-there-and-back.js'), atMost(0.125)),
      peer('piscina, copied', PISCINA, atMost(0.333)),
    ],
  },
  sharedArray(8_000_000, '8 MB'),
  sharedArray(80_000_000, '80 MB', atMost(2)),
  ...SWEEP.map(sweep),
];
