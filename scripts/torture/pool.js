// Random SIGKILL and SIGSTOP of the workers of a pool, while applies, maps and imaps with all kinds of arguments are under way
// and some of them are ended early; and an account of every task. It goes in epochs, each with a pool of its own.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';

import { Pool, RawArray, ref } from '../../dist/index.js';
import { familyArena } from '../../dist/memory/arena.js';
import { binding } from '../../dist/native/binding.js';
import { Client } from './pool-clients.js';
import { BOARD_WORDS, MOST_ITEMS, WORD } from './pool-party.js';
import { randomOf } from './random.js';

const HANG_MS = 20_000;
const LONGEST_REST_MS = 15;
const LONGEST_STOP_MS = 40;
const KILLS_PER_EPOCH = 30;
const ROOM_FOR_LAST_CALLS = 2_000;
/** Workers that die before they are ready break a pool: not all at once. */
const START_KILL_MS = 1_500;
// By name, since the tests load this module by means of their own.
const PARTY = new URL('pool-party.js', import.meta.url).href;
const OPTIONS = [
  { processes: 4 },
  { processes: 3, onWorkerDeath: 'retry', maxRetries: 1000 },
  { processes: 3, maxTasksPerChild: 20 },
  { processes: 1, onWorkerDeath: 'retry', maxRetries: 1000 },
];

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

/** Kills for `seconds`, or until `kills` workers were killed, and returns the account. */
export async function torturePool({ seconds, kills: mostKills = Infinity, parties = 6, seed = Date.now() }) {
  const account = {
    ...{ seed, seconds: 0, epochs: 0, kills: 0, stops: 0, delivered: 0, told: 0 },
    ...{ hangs: 0, corrupt: 0, duplicates: 0, untrue: 0, faults: 0 },
    ...{ holdsLeaked: 0, bytesLeaked: 0, workersLeft: 0 },
  };
  const board = RawArray('i', BOARD_WORDS);
  const random = randomOf(seed);
  const signals = new Worker(new URL('pool-signals.js', import.meta.url));
  const begin = performance.now();
  const isOver = () => performance.now() - begin >= seconds * 1000 || account.kills >= mostKills || account.hangs > 0;
  while (!isOver()) {
    await new Epoch(board, random, account, signals).run(parties, isOver);
    account.epochs += 1;
  }
  await signals.terminate();
  account.seconds = (performance.now() - begin) / 1000;
  return account;
}

class Epoch {
  pool;
  isOpen = true;
  isTerminated = false;
  #board;
  #random;
  #account;
  #signals;
  #retries;
  #clients;
  #ids = 0;
  /** Of those who were killed. */
  #pids = new Set();
  #told = new Set();
  /** How often an item had been run when its answer came. */
  #runsOf = new Map();
  #startKilledAt = -Infinity;

  constructor(board, random, account, signals) {
    this.#board = board;
    this.#random = random;
    this.#account = account;
    this.#signals = signals;
    board.fill(0);
  }

  async run(parties, isOver) {
    const account = this.#account;
    const before = await statistics(account);
    const options = OPTIONS[account.epochs % OPTIONS.length];
    this.#retries = options.onWorkerDeath === 'retry';
    this.pool = new Pool({ ...options, initializer: ref(PARTY, 'begin'), initArgs: [this.#board] });
    this.#clients = Array.from({ length: parties }, () => new Client(this, this.#random));
    const all = Promise.all(this.#clients.map((client) => client.run()));
    while (!isOver() && this.#pids.size < KILLS_PER_EPOCH && this.#ids < MOST_ITEMS - ROOM_FOR_LAST_CALLS) {
      await sleep(this.#random() * LONGEST_REST_MS);
      await this.#hurtSomebody();
      this.#watch();
    }
    await this.#end(all);
    this.#tally();
    const after = await statistics(account, before);
    account.holdsLeaked += Math.max(0, after.holds - before.holds);
    account.bytesLeaked += Math.max(0, after.usedBytes - before.usedBytes);
    account.workersLeft += children().filter((pid) => !before.children.includes(pid)).length;
  }

  // ---- for clients ----

  nextId() {
    // 0 has no other sign.
    return ++this.#ids;
  }

  delivered(id) {
    this.#account.delivered += 1;
    if (this.#runsOf.has(id)) this.#account.duplicates += 1;
    this.#runsOf.set(id, Atomics.load(this.#board, WORD.runs + id));
  }

  told(error) {
    this.#told.add(error);
  }

  corrupt(what) {
    this.#account.corrupt += 1;
    console.error(`Wrong (seed ${this.#account.seed}): ${shown(what)}`);
  }

  fault(what, detail) {
    this.#account.faults += 1;
    console.error(`${what} (seed ${this.#account.seed}): ${shown(detail)}`);
  }

  // ---- hurting ----

  async #hurtSomebody() {
    const random = this.#random;
    const { workers } = this.pool.stats;
    const mayKillStarting = performance.now() - this.#startKilledAt > START_KILL_MS;
    const victims = workers.filter(({ state }) => state !== 'starting' || mayKillStarting);
    const victim = victims[Math.floor(random() * victims.length)];
    if (victim === undefined) return;
    const { pid, state } = victim;
    const stops = random() < 0.3;
    const afterMs = stops ? random() * LONGEST_STOP_MS : 0;
    // Some die while they are stopped.
    const kills = !stops || random() < 0.3;
    const signals = [{ pid, name: kills ? 'SIGKILL' : 'SIGCONT', afterMs }];
    if (stops) signals.unshift({ pid, name: 'SIGSTOP', afterMs: 0 });
    this.#signals.postMessage(signals);
    if (stops) this.#account.stops += 1;
    if (!kills) return;
    this.#pids.add(pid);
    if (state === 'starting') this.#startKilledAt = performance.now();
    await sleep(afterMs);
  }

  #watch() {
    for (const { call, since } of this.#clients) {
      if (call === '' || performance.now() - since < HANG_MS) continue;
      this.#account.hangs += 1;
      console.error(`${call} HANGS (seed ${this.#account.seed}):`, this.pool);
    }
  }

  // ---- the end ----

  async #end(all) {
    this.isOpen = false;
    // Closed pools do what they have; the others are ended while they work.
    if (this.#random() < 0.5 && this.#account.hangs === 0) {
      await this.#within(all, 'A call');
      this.pool.close();
    } else {
      this.isTerminated = true;
      this.pool.terminate();
      await this.#within(all, 'A call of a terminated pool');
    }
    await this.#within(this.pool.join(), 'join()');
  }

  async #within(promise, what) {
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, HANG_MS, 'late');
    });
    if ((await Promise.race([promise, late])) === 'late') {
      this.#account.hangs += 1;
      console.error(
        `${what} HANGS (seed ${this.#account.seed}):`,
        this.pool,
        this.#clients.map(({ call }) => call),
      );
    }
    clearTimeout(timer);
  }

  #tally() {
    const account = this.#account;
    const board = this.#board;
    const suicides = Atomics.load(board, WORD.deaths);
    for (let death = 0; death < suicides; death++) this.#pids.add(Atomics.load(board, WORD.dead + death));
    account.kills += this.#pids.size;
    account.told += this.#told.size;
    // Each who was killed has taken one task along, or none; with retries nothing is.
    const accused = [...this.#told].map(({ pid }) => pid);
    const guilty = new Set(accused.filter((pid) => this.#pids.has(pid)));
    account.untrue += accused.length - (this.#retries ? 0 : guilty.size);
    account.corrupt += Atomics.load(board, WORD.corrupt);
    for (const [id, runs] of this.#runsOf) account.duplicates += Atomics.load(board, WORD.runs + id) - runs;
    for (let id = 1; id <= this.#ids; id++) {
      if (Atomics.load(board, WORD.runs + id) < 2) continue;
      const isDue = this.#retries && this.#pids.has(Atomics.load(board, WORD.repeated + id));
      if (!isDue) account.duplicates += 1;
    }
  }
}

function shown(value) {
  return inspect(value, { maxStringLength: 40, maxArrayLength: 10 });
}

/** What there is in shared memory; as long as there is more than before, what the collector has not freed yet. */
async function statistics(account, before) {
  const arena = familyArena();
  binding.recoverAll(arena.index);
  if (binding.checkHeap(arena.index) !== 0) account.faults += 1;
  for (let round = 0; round < 100; round++) {
    collectGarbage();
    await sleep(5);
    if (before === undefined ? round > 2 : arena.statistics().usedBytes <= before.usedBytes) break;
  }
  return { ...arena.statistics(), children: children() };
}

function children() {
  return readdirSync('/proc/self/task').flatMap((thread) => {
    const text = readFileSync(`/proc/self/task/${thread}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  });
}
