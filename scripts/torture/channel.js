// Random SIGKILL and SIGSTOP of producers and consumers of one FloatChannel, and an account of every message.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { FloatChannel } from '../../dist/index.js';
import { arenaOf } from '../../dist/memory/arena.js';
import { binding } from '../../dist/native/binding.js';
import { linesOf } from './lines.js';
import { randomOf } from './random.js';

const PARTY = fileURLToPath(new URL('channel-party.js', import.meta.url));
const FORMS = ['copy', 'copySync', 'inPlace', 'inPlaceSync'];
const HANG_MS = 20_000;
const LONGEST = 512;

/** Kills for `seconds`, or until `kills` processes were killed, and returns the account. */
export async function tortureChannel({ seconds, kills: mostKills = Infinity, parties = 4, seed = Date.now() }) {
  const random = randomOf(seed);
  const name = `torture-${process.pid}-${seed}`;
  const folder = mkdtempSync(join(tmpdir(), 'forkless-torture-'));
  const channel = new FloatChannel(LONGEST, { name, slots: 4 });
  const arena = arenaOf(channel.share());
  const living = { producer: new Set(), consumer: new Set() };
  const account = {
    seed,
    seconds: 0,
    kills: 0,
    stops: 0,
    messages: 0,
    hangs: 0,
    corrupt: 0,
    duplicates: 0,
    redelivered: 0,
    lost: 0,
    lostAllowed: 0,
    disorder: 0,
    faults: 0,
    holdsLeaked: 0,
    filesLeft: 0,
  };
  let ids = 0;
  const everybody = [];

  const start = (role) => {
    ids += 1;
    const party = {
      id: ids,
      role,
      form: FORMS[ids % FORMS.length],
      log: join(folder, `${role}-${ids}`),
      killed: false,
    };
    party.child = spawn(process.execPath, [PARTY, role, name, party.form, `${ids}`, party.log], { stdio: 'inherit' });
    party.ended = new Promise((resolve) => {
      party.child.once('close', (code, signal) => {
        living[role].delete(party);
        if (signal !== 'SIGKILL' && code !== 0) account.faults += 1;
        resolve();
      });
    });
    living[role].add(party);
    everybody.push(party);
  };
  const hasLog = ({ log }) => (statSync(log, { throwIfNoEntry: false })?.size ?? 0) > 0;

  const begin = performance.now();
  let nextProbe = begin;
  while (performance.now() - begin < seconds * 1000 && account.kills < mostKills) {
    for (const role of ['producer', 'consumer']) while (living[role].size < parties) start(role);
    await sleep(random() * 20);
    // Who has begun to work dies, while another of its role works: kills hit work and not only the start of Node.
    const atWork = [living.producer, living.consumer].map((parties) =>
      [...parties].filter((party) => !party.killed && hasLog(party)),
    );
    const workers = atWork.filter(({ length }) => length > 1).flat();
    const victim = workers[Math.floor(random() * workers.length)];
    if (victim !== undefined && random() < 0.25) {
      account.stops += 1;
      victim.child.kill('SIGSTOP');
      await sleep(random() * 60);
      victim.child.kill('SIGCONT');
    } else if (victim !== undefined) {
      account.kills += 1;
      victim.killed = true;
      victim.child.kill('SIGKILL');
    }
    if (performance.now() > nextProbe) {
      nextProbe = performance.now() + 1000;
      await expectProgress(channel, account);
    }
  }

  // The end: producers go, what is left is drained, everybody gets EOF.
  for (const party of living.producer) {
    party.killed = true;
    party.child.kill('SIGKILL');
  }
  await within(Promise.all([...living.producer].map(({ ended }) => ended)), account);
  binding.recoverAll(arena.index);
  if (binding.checkHeap(arena.index) !== 0) account.faults += 1;
  const users = arena.participants().filter(({ isService }) => !isService).length;
  account.holdsLeaked = Math.max(0, arena.statistics().holds - users);
  const consumers = [...living.consumer];
  channel.close();
  await within(Promise.all(consumers.map(({ ended }) => ended)), account);
  for (const party of living.consumer) party.child.kill('SIGKILL');
  account.seconds = (performance.now() - begin) / 1000;
  account.filesLeft = readdirSync('/dev/shm').filter((file) => file.endsWith(name)).length;
  tally(everybody, account);
  rmSync(folder, { recursive: true });
  return account;
}

/** Compares what producers say they sent with what consumers say they got. */
function tally(everybody, account) {
  const received = new Map();
  const lastOfKilled = new Map();
  let killedCopiers = 0;
  for (const party of everybody.filter(({ role }) => role === 'consumer')) {
    const lines = linesOf(party.log);
    const last = new Map();
    for (const line of lines) {
      if (line.startsWith('corrupt')) account.corrupt += 1;
      else received.set(line, (received.get(line) ?? 0) + 1);
      const [producer, sequence] = line.split(' ').map(Number);
      if (sequence <= (last.get(producer) ?? -1)) account.disorder += 1;
      last.set(producer, sequence);
    }
    // A copy that was taken and not noted died with its consumer; what was noted and not released comes again.
    if (party.killed && party.form.startsWith('copy')) killedCopiers += 1;
    if (party.killed && party.form.startsWith('inPlace') && lines.length > 0) {
      lastOfKilled.set(lines.at(-1), (lastOfKilled.get(lines.at(-1)) ?? 0) + 1);
    }
  }
  for (const [line, times] of received) {
    account.messages += times;
    const again = times - 1;
    const allowed = Math.min(again, lastOfKilled.get(line) ?? 0);
    account.redelivered += allowed;
    account.duplicates += again - allowed;
  }
  let missing = 0;
  for (const party of everybody.filter(({ role }) => role === 'producer')) {
    for (const sequence of linesOf(party.log)) if (!received.has(`${party.id} ${sequence}`)) missing += 1;
  }
  account.lostAllowed = Math.min(missing, killedCopiers);
  account.lost = missing - account.lostAllowed;
}

let probes = 0;

/** Somebody must be able to go on: a whole round trip is not ours to see, but the ring's counts move. */
async function expectProgress(channel, account) {
  probes += 1;
  const message = Float64Array.of(0, probes, 5, 0, 5 + probes);
  try {
    await channel.send(message, { timeout: HANG_MS });
  } catch {
    account.hangs += 1;
  }
}

async function within(promise, account) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve('late'), HANG_MS);
  });
  if ((await Promise.race([promise, late])) === 'late') account.hangs += 1;
  clearTimeout(timer);
}
