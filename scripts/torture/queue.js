// Random SIGKILL and SIGSTOP of producers and consumers of queues of one family, and an account of every message.
// It goes in epochs, each with a queue of its own: at the end of each nothing may be left of it.
import { setTimeout as sleep } from 'node:timers/promises';

import { JoinableQueue, Process, Queue, RawArray, ref } from '../../dist/index.js';
import { familyArena } from '../../dist/memory/arena.js';
import { binding } from '../../dist/native/binding.js';
import { MOST_MESSAGES, MOST_PRODUCERS, WORD } from './queue-party.js';
import { randomOf } from './random.js';

const PARTY = new URL('queue-party.js', import.meta.url).href;
// By name, since the tests load this module by means of their own.
const WORK = { producer: ref(PARTY, 'produce'), consumer: ref(PARTY, 'consume') };
const HANG_MS = 20_000;
const KILLS_PER_EPOCH = 60;
/** In messages; lives end later by chance. */
const LONGEST_LIFE = 40;
const LIMITS = [5, 0, { maxBytes: 300_000 }, 1];

/** Kills for `seconds`, or until `kills` processes were killed, and returns the account. */
export async function tortureQueue({ seconds, kills: mostKills = Infinity, parties = 3, seed = Date.now() }) {
  const account = {
    seed,
    seconds: 0,
    kills: 0,
    stops: 0,
    messages: 0,
    hangs: 0,
    corrupt: 0,
    duplicates: 0,
    phantoms: 0,
    lost: 0,
    lostAllowed: 0,
    disorder: 0,
    faults: 0,
    holdsLeaked: 0,
    bytesLeaked: 0,
  };
  const board = {
    words: RawArray('i', WORD.progress + 2 * parties),
    sent: RawArray('i', MOST_PRODUCERS),
    received: RawArray('B', MOST_PRODUCERS * MOST_MESSAGES),
  };
  const random = randomOf(seed);
  const begin = performance.now();
  for (let epoch = 0; account.hangs === 0; epoch++) {
    const isOver = () => performance.now() - begin >= seconds * 1000 || account.kills >= mostKills;
    if (isOver()) break;
    await new Epoch(board, random, account, parties).run(epoch, isOver);
  }
  account.seconds = (performance.now() - begin) / 1000;
  return account;
}

class Epoch {
  #board;
  #random;
  #account;
  #places;
  #queue;
  #producers = 0;
  #consumersKilled = 0;

  constructor(board, random, account, parties) {
    this.#board = board;
    this.#random = random;
    this.#account = account;
    this.#places = ['producer', 'consumer'].flatMap((role) => Array.from({ length: parties }, () => ({ role })));
    for (const words of Object.values(board)) words.fill(0);
  }

  async run(number, isOver) {
    const account = this.#account;
    const before = statistics(account);
    const Class = number % 2 === 0 ? Queue : JoinableQueue;
    this.#queue = new Class(LIMITS[number % LIMITS.length]);
    const enough = account.kills + KILLS_PER_EPOCH;
    while (!isOver() && account.kills < enough && account.hangs === 0 && this.#producers < MOST_PRODUCERS - 8) {
      for (const [index, place] of this.#places.entries()) {
        if (place.process === undefined) this.#start(place, index);
        this.#watch(place, index);
      }
      await sleep(this.#random() * 12);
      await this.#hurtSomebody();
    }
    await this.#end();
    this.#tally();
    this.#queue.close();
    const after = statistics(account);
    account.holdsLeaked += Math.max(0, after.holds - before.holds);
    account.bytesLeaked += Math.max(0, after.usedBytes - before.usedBytes);
  }

  #start(place, index) {
    const id = place.role === 'producer' ? this.#producers++ : 0;
    Atomics.store(this.#board.words, WORD.progress + index, 0);
    const life = 1 + Math.floor(this.#random() * LONGEST_LIFE);
    Object.assign(place, { progress: 0, movedAt: performance.now(), killed: false, life });
    const args = [this.#queue, this.#board, index, id, this.#random() * 2 ** 32];
    place.process = new Process({ target: WORK[place.role], args }).start();
    place.ended = this.#follow(place, place.process);
  }

  async #follow(place, process) {
    await process.join();
    if (!place.killed && process.exitCode !== 0) this.#account.faults += 1;
    place.process = undefined;
  }

  #watch(place, index) {
    const progress = Atomics.load(this.#board.words, WORD.progress + index);
    if (progress !== place.progress) Object.assign(place, { progress, movedAt: performance.now() });
    if (place.process === undefined || place.killed || performance.now() - place.movedAt < HANG_MS) return;
    console.error(`A ${place.role} HANGS after ${progress} messages (seed ${this.#account.seed}):`, this.#queue);
    this.#account.hangs += 1;
    this.#kill(place);
  }

  async #hurtSomebody() {
    const account = this.#account;
    const random = this.#random;
    // Who has worked for a while dies, so that kills hit work and not only the start of Node.
    const atWork = this.#places.filter(
      ({ process, killed, progress, life }) => process !== undefined && !killed && progress >= life,
    );
    const victim = atWork[Math.floor(random() * atWork.length)];
    if (victim === undefined) return;
    if (random() < 0.15) {
      const { pid } = victim.process;
      account.stops += 1;
      process.kill(pid, 'SIGSTOP');
      await sleep(random() * 40);
      // Some die while they are stopped.
      if (random() < 0.7) return void process.kill(pid, 'SIGCONT');
    }
    account.kills += 1;
    if (victim.role === 'consumer') this.#consumersKilled += 1;
    this.#kill(victim);
  }

  #kill(place) {
    place.killed = true;
    place.process.kill();
  }

  /** Producers stop; then each consumer gets a null. */
  async #end() {
    Atomics.store(this.#board.words, WORD.stop, 1);
    await this.#allEnded('producer');
    try {
      for (const _ of this.#running('consumer')) await this.#queue.put(null, { timeout: HANG_MS });
    } catch {
      this.#account.hangs += 1;
    }
    await this.#allEnded('consumer');
    // A consumer that was killed is there until its end is noticed, and needs no null.
    while (!this.#queue.empty()) {
      if ((await this.#queue.get({ timeout: HANG_MS })) !== null) this.#account.faults += 1;
    }
  }

  #running(role) {
    return this.#places.filter((place) => place.role === role && place.process !== undefined);
  }

  async #allEnded(role) {
    const end = performance.now() + HANG_MS;
    while (this.#running(role).length > 0 && performance.now() < end) await sleep(5);
    for (const place of this.#running(role)) {
      if (!place.killed) {
        console.error(`A ${role} does not end (seed ${this.#account.seed}):`, this.#queue);
        this.#account.hangs += 1;
      }
      this.#kill(place);
      await place.ended;
    }
  }

  /** Compares what producers say they sent with what consumers say they got. */
  #tally() {
    const { words, sent, received } = this.#board;
    const account = this.#account;
    let missing = 0;
    for (let id = 0; id < this.#producers; id++) {
      for (let sequence = 0; sequence < MOST_MESSAGES; sequence++) {
        const times = received[id * MOST_MESSAGES + sequence];
        account.messages += times;
        account.duplicates += Math.max(0, times - 1);
        if (times === 0 && sequence < sent[id]) missing += 1;
        if (times > 0 && sequence > sent[id]) account.phantoms += 1;
      }
    }
    // What was taken and not noted died with its consumer.
    const allowed = Math.min(missing, this.#consumersKilled);
    account.lostAllowed += allowed;
    account.lost += missing - allowed;
    account.corrupt += words[WORD.corrupt];
    account.disorder += words[WORD.disorder];
  }
}

function statistics(account) {
  const arena = familyArena();
  binding.recoverAll(arena.index);
  if (binding.checkHeap(arena.index) !== 0) account.faults += 1;
  return arena.statistics();
}
