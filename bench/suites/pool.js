// @ts-check
// Pools of two workers. What is measured, against whom, and the mark for it.
import { libraryOf } from '../pool/open-pool.js';

/**
 * @typedef {import('../harness/rounds.js').Mark} Mark
 * @typedef {import('../harness/rounds.js').Measurement} Measurement
 * @typedef {import('../harness/rounds.js').Peer} Peer
 */

const SOURCE = 'bench/README.md';
/** Others take longer. */
const FEWER_TASKS = '--count=20000';
const FEWER_TRIPS = ['--trips=5000', '--warm-up=3000'];
const FEWER_ARRAYS = ['--trips=30', '--warm-up=10'];
/** By chunks of one. */
const SINGLY = ['--chunk-size=1', '--count=20000'];
/** Both are compiled by then; the others take too long for so many rounds. */
const LONG = ['--rounds=15', '--warm-up=15'];
const BY_TWENTY = ['--by=imap-unordered', '--chunk-size=20'];

/** Other libraries' pools: their names in the table and in bench/pool/open-pool.js. */
const THREADS = /** @type {const} */ ([
  ['tinypool, threads', 'tinypool-threads'],
  ['workerpool, threads', 'workerpool-threads'],
  ['poolifier, threads', 'poolifier-threads'],
]);
const PROCESSES = /** @type {const} */ ([
  ['tinypool, processes', 'tinypool-processes'],
  ['workerpool, processes', 'workerpool-processes'],
  ['poolifier, cluster', 'poolifier-cluster'],
  ['multiprocessing (npm)', 'multiprocessing'],
]);
/** Of those whose processes can be sent a Float64Array. */
const ADVANCED = /** @type {const} */ ([
  ["tinypool, processes, 'advanced'", 'tinypool-advanced'],
  ["workerpool, processes, 'advanced'", 'workerpool-advanced'],
  ["poolifier, cluster, 'advanced'", 'poolifier-advanced'],
]);

/** @param {number} limit @returns {Mark} */
const atLeast = (limit) => ({ comparison: '>=', limit, source: SOURCE });
/** @param {number} limit @returns {Mark} */
const atMost = (limit) => ({ comparison: '<=', limit, source: SOURCE });

/** @param {string} file @param {...string} args */
const node = (file, ...args) => ({ kind: /** @type {const} */ ('node'), file, args });

/** @param {string} label @param {import('../harness/rounds.js').Program} program @param {Mark} [mark] @returns {Peer} */
const peer = (label, program, mark) => ({ label, program, ...(mark && { mark }) });

/**
 * The program that measures ours, of another pool.
 * @param {readonly [label: string, pool: string]} subject @param {string} file @param {readonly string[]} args @param {Mark} [mark]
 */
const pool = ([label, name], file, args, mark) =>
  peer(label, { ...node(`pool/${file}`, `--pool=${name}`, ...args), package: libraryOf(name) }, mark);

/** @param {string} label @param {string} file @param {readonly string[]} args @param {Mark} [mark] */
const python = (label, file, args, mark) => peer(label, { kind: 'python', file: `python/${file}`, args }, mark);

/** @type {readonly Measurement[]} */
export const measurements = [
  {
    name: 'Pool, small tasks, 1000 in flight',
    unit: '/s',
    ours: node('pool/small-tasks.js'),
    peers: [
      pool(['piscina', 'piscina'], 'small-tasks.js', [FEWER_TASKS], atLeast(5)),
      pool(['piscina, 64 tasks a worker', 'piscina-64'], 'small-tasks.js', [FEWER_TASKS], atLeast(2)),
      ...[...THREADS, ...PROCESSES].map((each) => pool(each, 'small-tasks.js', [FEWER_TASKS], atLeast(2))),
      python("Python's Pool", 'pool_small_tasks.py', []),
      python("Python's ProcessPoolExecutor", 'pool_small_tasks.py', ['--of=ProcessPoolExecutor']),
    ],
  },
  {
    name: 'Pool.map, 100 000 numbers',
    unit: '/s',
    ours: node('pool/map.js', ...LONG),
    peers: [
      python("Python's Pool", 'pool_map.py', LONG, atLeast(3)),
      python("Python's ProcessPoolExecutor, by 1000", 'pool_map.py', ['--of=ProcessPoolExecutor', '--chunk-size=1000']),
      pool(['poolifier, threads', 'poolifier-threads'], 'map.js', [], atLeast(20)),
      pool(['poolifier, cluster', 'poolifier-cluster'], 'map.js', [], atLeast(20)),
      pool(['multiprocessing (npm)', 'multiprocessing'], 'map.js', [], atLeast(20)),
      pool(['multiprocessing (npm), by 1000', 'multiprocessing'], 'map.js', ['--chunk-size=1000'], atLeast(20)),
      pool(['piscina, 1000 by hand', 'piscina'], 'map.js', ['--by=hand', '--chunk-size=1000'], atLeast(1)),
    ],
  },
  {
    name: 'Pool.map, chunkSize: 1',
    unit: '/s',
    ours: node('pool/map.js', ...SINGLY),
    peers: [
      python("Python's Pool", 'pool_map.py', SINGLY, atLeast(5)),
      pool(['multiprocessing (npm)', 'multiprocessing'], 'map.js', SINGLY),
    ],
  },
  {
    name: 'Pool.imapUnordered, chunkSize: 20',
    unit: '/s',
    ours: node('pool/map.js', ...BY_TWENTY),
    peers: [python("Python's Pool", 'pool_map.py', ['--by=imap_unordered', '--chunk-size=20'])],
  },
  {
    name: 'Pool, one task, round trip',
    unit: 'us',
    ours: node('pool/round-trip.js'),
    peers: [
      pool(['piscina', 'piscina'], 'round-trip.js', FEWER_TRIPS, atMost(0.2)),
      ...[...THREADS, ...PROCESSES].map((each) => pool(each, 'round-trip.js', FEWER_TRIPS)),
      python("Python's Pool", 'pool_round_trip.py', []),
    ],
  },
  {
    name: 'processor time of an idle pool, of each process',
    unit: 'ms/s',
    ours: node('pool/idle-cpu.js'),
    peers: [],
    mark: atMost(1),
  },
  {
    name: 'Pool, Float64Array of 8 MB as argument and result',
    unit: 'ms',
    ours: node('pool/there-and-back.js'),
    peers: [/** @type {const} */ (['piscina', 'piscina']), ...THREADS, ...ADVANCED].map((each) =>
      pool(each, 'there-and-back.js', FEWER_ARRAYS, atMost(0.333)),
    ),
  },
  {
    name: 'Pool of 2, to its first result',
    unit: 'ms',
    ours: node('pool/first-result.js'),
    peers: [
      peer('a bare node, start to end', node('peers/bare-node.js'), atMost(1.3)),
      ...[/** @type {const} */ (['piscina', 'piscina']), ...THREADS, ...PROCESSES].map((each) =>
        pool(each, 'first-result.js', []),
      ),
      python("Python's Pool, by fork", 'pool_first_result.py', []),
      python("Python's Pool, by spawn", 'pool_first_result.py', ['--start=spawn', '--runs=10']),
    ],
  },
  {
    name: 'Pool of 2, to its first result, started ahead',
    unit: 'ms',
    ours: node('pool/first-result.js', '--start=prewarm'),
    peers: [],
    mark: atMost(5),
  },
  {
    name: 'Pool.map, tasks that compute, 2 workers',
    unit: '/s',
    ours: node('pool/compute.js', '--workers=2'),
    peers: [
      peer('with 1 worker', node('pool/compute.js', '--workers=1'), atLeast(1.9)),
      peer('2 processes without a pool', node('peers/bare-processes.js', '--workers=2')),
      peer('1 process without a pool', node('peers/bare-processes.js', '--workers=1')),
    ],
  },
];
