// Random SIGKILL and SIGSTOP of processes that use all synchronization primitives of one family at once.
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

import {
  Barrier,
  BoundedSemaphore,
  Condition,
  Event,
  Lock,
  Process,
  RawArray,
  ref,
  RLock,
  Semaphore,
} from '../../dist/index.js';
import { familyArena } from '../../dist/memory/arena.js';
import { binding } from '../../dist/native/binding.js';
import { randomOf } from './random.js';
import { LIMIT, OPERATIONS, WORD } from './sync-party.js';

// By name, since the tests load this module by means of their own.
const work = ref(new URL('sync-party.js', import.meta.url).href, 'party');
const HANG_MS = 20_000;
const MOST_PARTIES = 32;

/** Kills for `seconds`, or until `kills` processes were killed, and returns the account. */
export async function tortureSync({ seconds, kills: mostKills = Infinity, parties = 6, seed = Date.now() }) {
  if (parties > MOST_PARTIES) throw new RangeError(`At most ${MOST_PARTIES} parties, not ${parties}`);
  const random = randomOf(seed);
  const arena = familyArena();
  const words = RawArray('i', 160);
  const holdsBefore = arena.statistics().holds;
  const shared = {
    words,
    lock: new Lock(),
    rlock: new RLock(),
    semaphore: new Semaphore(LIMIT.semaphore),
    bounded: new BoundedSemaphore(LIMIT.bounded),
    condition: new Condition(),
    event: new Event(),
    barrier: new Barrier(2),
  };
  const account = {
    seed,
    seconds: 0,
    kills: 0,
    stops: 0,
    operations: 0,
    hangs: 0,
    violations: 0,
    permitsLost: 0,
    faults: 0,
    holdsLeaked: 0,
  };
  const places = Array.from({ length: parties }, () => ({
    process: undefined,
    progress: 0,
    movedAt: 0,
    killed: false,
  }));
  const begin = performance.now();

  const start = (place, index) => {
    words[WORD.progress + index] = 0;
    Object.assign(place, { progress: 0, movedAt: performance.now(), killed: false });
    place.process = new Process({ target: work, args: [shared, index, parties, random() * 2 ** 32] }).start();
    void followToItsEnd(place, index);
  };
  const followToItsEnd = async (place, index) => {
    await place.process.join();
    account.operations += Atomics.load(words, WORD.progress + index);
    if (!place.killed && place.process.exitCode !== 0) account.faults += 1;
    place.process = undefined;
  };
  const watch = (place, index) => {
    const progress = Atomics.load(words, WORD.progress + index);
    if (progress !== place.progress) Object.assign(place, { progress, movedAt: performance.now() });
    if (place.process === undefined || place.killed || performance.now() - place.movedAt < HANG_MS) return;
    account.hangs += 1;
    const doing = OPERATIONS[Atomics.load(words, WORD.doing + index)];
    console.error(`HANGS in ${doing}, after ${progress} operations (seed ${seed}): ${inspect(shared, { depth: 1 })}`);
    place.killed = true;
    place.process.kill();
  };

  while (performance.now() - begin < seconds * 1000 && account.kills < mostKills && account.hangs < 3) {
    for (const [index, place] of places.entries()) {
      if (place.process === undefined) start(place, index);
      watch(place, index);
    }
    await sleep(random() * 12);
    shared.event.set();
    // Lest all wait for a token: but only if there is none, so that a notification that got lost is noticed.
    await shared.condition.with(() => {
      if (words[WORD.tokens] > 0) return;
      words[WORD.tokens]++;
      shared.condition.notify();
    });
    // Who works dies, so that kills hit work and not only the start of Node.
    const atWork = places.filter(({ process, killed, progress }) => process !== undefined && !killed && progress > 0);
    const victim = atWork[Math.floor(random() * atWork.length)];
    if (victim === undefined) continue;
    if (random() < 0.1) {
      account.stops += 1;
      process.kill(victim.process.pid, 'SIGSTOP');
      await sleep(random() * 40);
      process.kill(victim.process.pid, 'SIGCONT');
    } else {
      account.kills += 1;
      victim.killed = true;
      victim.process.kill();
    }
  }

  await end(shared, places, account);
  account.seconds = (performance.now() - begin) / 1000;
  account.violations = words[WORD.violations];
  account.permitsLost =
    Math.abs(LIMIT.semaphore - shared.semaphore.value) + Math.abs(LIMIT.bounded - shared.bounded.value);
  if (!inspect(shared.semaphore).includes(` of ${LIMIT.semaphore} `)) account.faults += 1;
  for (const lock of [shared.lock, shared.rlock]) if (!lock.tryAcquire()) account.hangs += 1;
  for (const object of Object.values(shared)) object[Symbol.dispose]?.();
  binding.recoverAll(arena.index);
  if (binding.checkHeap(arena.index) !== 0) account.faults += 1;
  account.holdsLeaked = Math.max(0, arena.statistics().holds - holdsBefore);
  return account;
}

/** Everybody is told to stop, and has to. */
async function end({ words, condition, event, barrier }, places, account) {
  Atomics.store(words, WORD.stop, 1);
  const until = performance.now() + HANG_MS;
  while (places.some(({ process }) => process !== undefined) && performance.now() < until) {
    event.set();
    barrier.abort();
    await condition.with(() => condition.notifyAll(), { timeout: HANG_MS });
    await sleep(20);
  }
  for (const place of places.filter(({ process }) => process !== undefined)) {
    account.hangs += 1;
    place.killed = true;
    place.process.kill();
    await place.process.join();
  }
}
