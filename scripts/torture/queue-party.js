// One process of the torture of queues: produces or consumes until it is told to stop, or killed.
// What it did stands in shared arrays, written right after it was done: `sent` and `received` of the board.
import { setTimeout as sleep } from 'node:timers/promises';

// Not all of the package, whose import is a good part of what a party costs.
import { Lock } from '../../dist/synchronize/lock.js';
import { randomOf } from './random.js';

/** Words of the board; the last is one word per party. */
export const WORD = { stop: 0, corrupt: 1, disorder: 2, progress: 16 };
export const MOST_PRODUCERS = 256;
export const MOST_MESSAGES = 1 << 14;
const PUTS = ['put', 'putSync', 'try'];
const GETS = ['get', 'getSync', 'try'];
const HIGH_WATER = 300;

export async function produce(queue, board, place, id, seed) {
  const { words, sent } = board;
  const random = randomOf(seed);
  for (let sequence = 0; sequence < MOST_MESSAGES && Atomics.load(words, WORD.stop) === 0; sequence++) {
    const message = make(id, sequence, random);
    while (queue.qsize() > HIGH_WATER) await sleep(1);
    const form = PUTS[Math.floor(random() * PUTS.length)];
    if (form === 'try') while (!queue.tryPut(message)) await sleep(1);
    else await queue[form](message);
    // The next sequence: what was put has been put, what is under way may be there or not.
    Atomics.store(sent, id, sequence + 1);
    message.lock?.close();
    Atomics.add(words, WORD.progress + place, 1);
    if (random() < 0.05) await sleep(1);
  }
}

export async function consume(queue, board, place, _, seed) {
  const { words, received } = board;
  const random = randomOf(seed);
  const last = new Map();
  for (;;) {
    const form = GETS[Math.floor(random() * GETS.length)];
    let message;
    if (form === 'try') while ((message = queue.tryGet()) === undefined) await sleep(1);
    else message = await queue[form]();
    if (message === null) return;
    const { id, sequence } = message;
    Atomics.add(received, id * MOST_MESSAGES + sequence, 1);
    if (!isWhole(message)) Atomics.add(words, WORD.corrupt, 1);
    if (sequence <= (last.get(id) ?? -1)) Atomics.add(words, WORD.disorder, 1);
    last.set(id, sequence);
    Atomics.add(words, WORD.progress + place, 1);
  }
}

/** Small ones, those that are just in a segment, those that are blocks of their own, and those that refer to others. */
function make(id, sequence, random) {
  const kind = random();
  const length = Math.floor(kind < 0.6 ? random() * 200 : kind < 0.85 ? random() * 32_000 : random() * 200_000);
  const body = bodyOf(id, sequence, length);
  return { id, sequence, length, body, lock: kind < 0.1 ? new Lock() : undefined };
}

function isWhole({ id, sequence, length, body, lock }) {
  const free = lock === undefined || lock.tryAcquire();
  lock?.close();
  return free && Buffer.compare(body, bodyOf(id, sequence, length)) === 0;
}

/** Bytes that no other message has. */
function bodyOf(id, sequence, length) {
  return new Uint8Array(Buffer.alloc(length, `${id} ${sequence} ${length};`));
}
