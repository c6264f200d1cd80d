// Random SIGKILL and SIGSTOP of senders and receivers of pipes, and an account of every message and every end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Pipe, Process, RawArray, ref } from '../../dist/index.js';
import { familyArena } from '../../dist/memory/arena.js';
import { binding } from '../../dist/native/binding.js';
import { linesOf } from './lines.js';
import { randomOf } from './random.js';

// By name, since the tests load this module by means of their own.
const MODULE = new URL('pipe-party.js', import.meta.url).href;
const WORK = { sender: ref(MODULE, 'sender'), receiver: ref(MODULE, 'receiver') };
const HANG_MS = 20_000;
const SESSIONS = 3;
const KILLS_PER_SESSION = 20;
const MOST_PARTIES = 4096;

/** Kills for `seconds`, or until `kills` processes were killed, and returns the account. */
export async function torturePipe({ seconds, kills: mostKills = Infinity, seed = Date.now() }) {
  const random = randomOf(seed);
  const arena = familyArena();
  const words = RawArray('i', MOST_PARTIES);
  const folder = mkdtempSync(join(tmpdir(), 'forkless-torture-'));
  const holdsBefore = arena.statistics().holds;
  const account = {
    seed,
    seconds: 0,
    kills: 0,
    stops: 0,
    pipes: 0,
    messages: 0,
    hangs: 0,
    endsMissing: 0,
    corrupt: 0,
    duplicates: 0,
    lost: 0,
    lostAllowed: 0,
    disorder: 0,
    faults: 0,
    holdsLeaked: 0,
  };
  const begin = performance.now();
  const isOver = () =>
    performance.now() - begin >= seconds * 1000 ||
    account.kills >= mostKills ||
    account.hangs + account.endsMissing > 2;
  const world = { random, words, folder, account, isOver, ids: 0 };
  const runSessions = async () => {
    while (!isOver()) await new Session(world).run();
  };
  await Promise.all(Array.from({ length: SESSIONS }, runSessions));
  account.seconds = (performance.now() - begin) / 1000;
  binding.recoverAll(arena.index);
  if (binding.checkHeap(arena.index) !== 0) account.faults += 1;
  account.holdsLeaked = Math.max(0, arena.statistics().holds - holdsBefore);
  rmSync(folder, { recursive: true });
  return account;
}

/** One pipe, its parties, and its end. */
class Session {
  #world;
  #isBytes;
  #ends;
  /** Per end and role: one or two at a time. */
  #places = [];
  #everybody = [];

  constructor(world) {
    const { random } = world;
    this.#world = world;
    world.account.pipes += 1;
    this.#isBytes = random() < 0.4;
    const isDuplex = random() < 0.5;
    this.#ends = Pipe({ duplex: isDuplex });
    // In a pipe of one direction the first end only receives.
    const roles = isDuplex ? ['receiver 0', 'sender 0', 'receiver 1', 'sender 1'] : ['receiver 0', 'sender 1'];
    for (const role of isDuplex ? roles : [...roles, ...roles]) {
      const [work, end] = role.split(' ');
      this.#places.push({ work, end: Number(end), party: undefined });
    }
  }

  async run() {
    const { random, account, isOver } = this.#world;
    for (let kills = 0; kills < KILLS_PER_SESSION && !isOver();) {
      for (const place of this.#places) {
        if (place.party === undefined || place.party.hasEnded) place.party = this.#start(place);
        this.#watch(place.party);
      }
      await sleep(random() * 25);
      const atWork = this.#places
        .map(({ party }) => party)
        .filter((party) => !party.killed && this.#progress(party) > 0);
      const victim = atWork[Math.floor(random() * atWork.length)];
      if (victim === undefined) continue;
      if (random() < 0.1) {
        account.stops += 1;
        signal(victim, 'SIGSTOP');
        await sleep(random() * 40);
        signal(victim, 'SIGCONT');
      } else {
        kills += 1;
        account.kills += 1;
        this.#kill(victim);
      }
    }
    await this.#end();
    this.#tally();
  }

  #start({ work, end }) {
    const { random, words, folder } = this.#world;
    this.#world.ids += 1;
    const id = this.#world.ids;
    const party = { id, work, end, log: join(folder, `${work}-${id}`), killed: false, hasEnded: false, seen: 0 };
    const index = id % MOST_PARTIES;
    words[index] = 0;
    party.movedAt = performance.now();
    const form = random() < 0.5 ? 'sync' : 'async';
    const self = { id, form, words, index, isBytes: this.#isBytes, log: party.log, seed: random() * 2 ** 32 };
    party.process = new Process({ target: WORK[work], args: [this.#ends[end], self] }).start();
    party.ended = this.#follow(party);
    this.#everybody.push(party);
    return party;
  }

  async #follow(party) {
    await party.process.join();
    party.hasEnded = true;
    if (!party.killed && party.process.exitCode !== 0) this.#world.account.faults += 1;
  }

  #progress({ id }) {
    return Atomics.load(this.#world.words, id % MOST_PARTIES);
  }

  #kill(party) {
    party.killed = true;
    party.process.kill();
  }

  #watch(party) {
    const progress = this.#progress(party);
    if (progress !== party.seen) Object.assign(party, { seen: progress, movedAt: performance.now() });
    if (party.killed || performance.now() - party.movedAt < HANG_MS) return;
    this.#world.account.hangs += 1;
    console.error(`HANGS: a ${party.work} after ${progress} messages (seed ${this.#world.account.seed})`);
    this.#kill(party);
  }

  /** All at one end go: the others have to learn it, the receivers by EOF and the senders by EPIPE. */
  async #end() {
    const { random, account } = this.#world;
    // Whoever drains it has to be there.
    for (const place of this.#places) {
      if (!place.party.killed) continue;
      await place.party.ended;
      place.party = this.#start(place);
    }
    const leaving = random() < 0.5 ? 0 : 1;
    this.leaving = leaving;
    for (const { party } of this.#places) if (party.end === leaving) this.#kill(party);
    for (const connection of this.#ends) connection.close();
    const staying = this.#places.map(({ party }) => party).filter(({ end }) => end !== leaving);
    const isLate = Symbol('late');
    for (const party of staying) {
      const timer = new AbortController();
      const late = sleep(HANG_MS, isLate, { signal: timer.signal });
      if ((await Promise.race([party.ended, late])) === isLate) {
        account.endsMissing += 1;
        console.error(`NO END for a ${party.work} after ${this.#progress(party)} messages (seed ${account.seed})`);
        this.#kill(party);
      }
      timer.abort();
      late.catch(() => undefined);
    }
    await Promise.all(this.#everybody.map(({ ended }) => ended));
    for (const party of staying) if (!linesOf(party.log).includes('end')) account.endsMissing += party.killed ? 0 : 1;
  }

  /** Compares what senders say they sent with what receivers say they got, for both directions. */
  #tally() {
    const { account } = this.#world;
    for (const end of [0, 1]) {
      const received = new Set();
      let killed = 0;
      for (const { log, killed: wasKilled } of this.#of('receiver', end)) {
        if (wasKilled) killed += 1;
        const last = new Map();
        for (const line of linesOf(log)) {
          if (line === 'end') continue;
          if (line.startsWith('endless')) account.endsMissing += 1;
          else if (line.startsWith('corrupt')) account.corrupt += 1;
          else this.#count(line, received, last);
        }
      }
      // What was sent to an end that nobody has any more is nobody's.
      if (end === this.leaving) continue;
      let missing = 0;
      for (const { id, log } of this.#of('sender', 1 - end))
        for (const line of linesOf(log)) if (line !== 'end' && !received.has(`${id} ${line}`)) missing += 1;
      const allowed = Math.min(missing, killed);
      account.lostAllowed += allowed;
      account.lost += missing - allowed;
    }
  }

  #count(line, received, last) {
    const { account } = this.#world;
    account.messages += 1;
    if (received.has(line)) account.duplicates += 1;
    received.add(line);
    const [sender, sequence] = line.split(' ').map(Number);
    if (sequence <= (last.get(sender) ?? -1)) account.disorder += 1;
    last.set(sender, sequence);
  }

  #of(work, end) {
    return this.#everybody.filter((party) => party.work === work && party.end === end);
  }
}

function signal({ process: child }, name) {
  try {
    process.kill(child.pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
