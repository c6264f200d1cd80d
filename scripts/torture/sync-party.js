// One process of the torture: uses every primitive at random until it is told to stop, or killed.
// What must hold is checked at every step, with plain words that only the primitive protects.
import { setImmediate as turn } from 'node:timers/promises';

import { BrokenBarrierError } from '../../dist/support/errors.js';
import { familyArena } from '../../dist/memory/arena.js';
import { randomOf } from './random.js';

/** Words of the shared array. The last five are one word per party. */
export const WORD = {
  stop: 0,
  violations: 1,
  holder: { lock: 2, rlock: 3 },
  before: { lock: 4, rlock: 5 },
  after: { lock: 6, rlock: 7 },
  tokens: 8,
  progress: 32,
  doing: 64,
  semaphore: 96,
  bounded: 128,
};
export const LIMIT = { semaphore: 3, bounded: 2 };
export const OPERATIONS = ['lock', 'rlock', 'semaphore', 'bounded', 'produce', 'consume', 'event', 'barrier'];

export async function party(shared, index, parties, seed) {
  const { words } = shared;
  const random = randomOf(seed);
  const self = { index, parties, random, id: familyArena().self };
  while (Atomics.load(words, WORD.stop) === 0) {
    const operation = Math.floor(random() * OPERATIONS.length);
    Atomics.store(words, WORD.doing + index, operation);
    await WORK[OPERATIONS[operation]](shared, self, random() < 0.5);
    Atomics.add(words, WORD.progress + index, 1);
  }
}

const WORK = {
  lock: (shared, self, sync) => inCriticalSection(shared, self, sync, 'lock'),
  rlock: (shared, self, sync) => inCriticalSection(shared, self, sync, 'rlock'),
  semaphore: (shared, self, sync) => withPermit(shared, self, sync, 'semaphore'),
  bounded: (shared, self, sync) => withPermit(shared, self, sync, 'bounded'),

  async produce({ words, condition }, self, sync) {
    await acquire(condition, sync);
    if (words[WORD.tokens] < 20) {
      words[WORD.tokens]++;
      condition.notify();
    }
    condition.release();
  },

  async consume({ words, condition }, { random }, sync) {
    const wait = random() < 0.3 ? { timeout: random() * 5 } : {};
    await acquire(condition, sync);
    const ready = () => words[WORD.tokens] > 0 || words[WORD.stop] !== 0;
    if (sync) condition.waitForSync(ready, wait);
    else await condition.waitFor(ready, wait);
    if (words[WORD.tokens] > 0) words[WORD.tokens]--;
    condition.release();
  },

  async event({ event }, { random }, sync) {
    const choice = random();
    if (choice < 0.4) event.set();
    else if (choice < 0.7) event.clear();
    else if (sync) event.waitSync();
    else await event.wait();
  },

  async barrier({ barrier, words }, { random }, sync) {
    try {
      const wait = random() < 0.1 ? { timeout: random() * 5 } : {};
      if (sync) barrier.waitSync(wait);
      else await barrier.wait(wait);
    } catch (error) {
      if (!(error instanceof BrokenBarrierError)) throw error;
      if (Atomics.load(words, WORD.stop) === 0) barrier.reset();
    }
  },
};

async function acquire(holdable, sync) {
  if (sync) holdable.acquireSync();
  else await holdable.acquire();
}

/** One at a time, and everything as the last one left it; who was killed in here has left it half-changed. */
async function inCriticalSection(shared, { id, random }, sync, name) {
  const { words } = shared;
  const lock = shared[name];
  await acquire(lock, sync);
  if (name === 'rlock' && random() < 0.5) await acquire(lock, sync);
  const [holder, before, after] = [WORD.holder[name], WORD.before[name], WORD.after[name]];
  const intact = words[holder] === 0 && words[before] === words[after];
  if (!intact && (!lock.abandoned || isLive(words[holder]))) violated(words, `${name}: ${words[holder]} is in it, too`);
  words[holder] = id;
  words[before] = words[before] + 1;
  if (!sync && random() < 0.3) await turn();
  words[after] = words[before];
  if (words[holder] !== id) violated(words, `${name}: ${words[holder]} came in`);
  words[holder] = 0;
  lock.release();
  if (name === 'rlock') while (lock.isMine) lock.release();
}

/** Never more holders than permits. The slot of a dead holder counts until its permit has come back. */
async function withPermit(shared, { index, parties, id, random }, sync, name) {
  const { words } = shared;
  const slots = WORD[name];
  await acquire(shared[name], sync);
  Atomics.store(words, slots + index, id);
  let holders = 0;
  for (let i = 0; i < parties; i++) if (isLive(Atomics.load(words, slots + i))) holders++;
  if (holders > LIMIT[name]) violated(words, `${name}: ${holders} hold a permit`);
  if (!sync && random() < 0.3) await turn();
  Atomics.store(words, slots + index, 0);
  shared[name].release();
}

function isLive(id) {
  return id !== 0 && familyArena().isLive(id);
}

function violated(words, what) {
  Atomics.add(words, WORD.violations, 1);
  console.error(`VIOLATED in ${process.pid}: ${what}`);
}
