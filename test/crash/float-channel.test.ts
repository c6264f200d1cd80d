import { describe, expect, it } from 'vitest';

import { EOFError, FloatChannel } from '../../dist/index.js';
import { lineOf, make } from '../fixtures/transport/message.js';
import { WAKING } from '../helpers/kill-points.ts';
import { Program } from '../helpers/programs.ts';
import { arenaOfChannel, faultsOf, filesOf, freshName, sleep } from '../helpers/shared-memory.ts';

const PARTY = 'transport/party.js';
const PER_PRODUCER = 6;
const SLOTS = 2;
const FALL_ASLEEP_MS = 150;
const CHILD = 1;
const HERE = 2;
const VICTIM = 3;

/** How a victim comes to a kill point: in its work, by having to wait, or by being woken. */
type Way = 'working' | 'waiting' | 'woken';
type Role = 'producer' | 'consumer';
interface Case {
  readonly point: string;
  readonly role: Role;
  readonly form: 'sync' | 'async';
  readonly way: Way;
}

function cases(role: Role, form: 'sync' | 'async', way: Way, points: readonly string[]): Case[] {
  return points.map((point) => ({ point, role, form, way }));
}

const WRITE = ['ring.write.locked', 'ring.write.filled', 'ring.write.committed', 'ring.write.woken'];
const READ = ['ring.read.locked', 'ring.read.used', 'ring.read.released', 'ring.read.woken'];
const WAKE = ['lock.released', ...WAKING];
const PARK = ['park.announced', 'park.bit-set'];
const LOOP = ['loop.armed', 'loop.announced'];

const CASES: Case[] = [
  ...cases('producer', 'sync', 'working', [...WRITE, ...WAKE]),
  ...cases('producer', 'sync', 'waiting', PARK),
  ...cases('producer', 'sync', 'woken', ['park.woken', 'ring.write.locked']),
  ...cases('producer', 'async', 'working', ['ring.write.locked', 'ring.write.committed:2']),
  ...cases('producer', 'async', 'waiting', LOOP),
  ...cases('consumer', 'sync', 'working', [...READ, ...WAKE, 'ring.read.released:3']),
  ...cases('consumer', 'sync', 'waiting', PARK),
  ...cases('consumer', 'sync', 'woken', ['park.woken']),
  ...cases('consumer', 'async', 'working', ['ring.read.locked', 'ring.read.used', 'ring.read.released:2']),
  ...cases('consumer', 'async', 'waiting', LOOP),
];

/** The parties that live on: a sleeping thread and a sleeping event loop at each end. */
class Survivors {
  readonly channel: FloatChannel;
  readonly #producing: FloatChannel;
  readonly #consuming: FloatChannel;
  readonly #name: string;
  #childProducer: Program | undefined;
  #childConsumer: Program | undefined;
  #sends: Promise<void> | undefined;
  #receives: Promise<string[]> | undefined;

  constructor(name: string) {
    this.#name = name;
    this.channel = new FloatChannel(40, { name, slots: SLOTS });
    this.#producing = FloatChannel.open(name);
    this.#consuming = FloatChannel.open(name);
  }

  async startProducers(): Promise<void> {
    if (this.#sends !== undefined) return;
    this.#childProducer = new Program(PARTY, ['producer', 'sync', this.#name, `${CHILD}`, '0', `${PER_PRODUCER}`]);
    await this.#childProducer.printed('ready');
    this.#sends = this.#sendAll();
    await sleep(FALL_ASLEEP_MS);
  }

  async startConsumers(): Promise<void> {
    if (this.#receives !== undefined) return;
    this.#childConsumer = new Program(PARTY, ['consumer', 'copySync', this.#name]);
    await this.#childConsumer.printed('ready');
    this.#receives = this.#receiveAll();
    await sleep(FALL_ASLEEP_MS);
  }

  /** Sends the rest, closes, and returns what each consumer got. */
  async finish(): Promise<string[][]> {
    await this.startConsumers();
    await this.startProducers();
    await this.#sends;
    expect(await this.#childProducer?.end).toMatchObject({ code: 0 });
    expect(faultsOf(arenaOfChannel(this.channel))).toBe(0);
    this.channel.close();
    const child = await this.#childConsumer?.end;
    expect(child?.lines.at(-1)).toBe('end');
    const here = (await this.#receives) ?? [];
    this.#producing.detach();
    this.#consuming.detach();
    return [here, child?.lines ?? []];
  }

  async #sendAll(): Promise<void> {
    for (let sequence = 0; sequence < PER_PRODUCER; sequence++) await this.#producing.send(make(HERE, sequence));
  }

  async #receiveAll(): Promise<string[]> {
    const lines: string[] = [];
    try {
      for (;;) lines.push(lineOf(await this.#consuming.recv()));
    } catch (error) {
      expect(error).toBeInstanceOf(EOFError);
      return lines;
    }
  }
}

function startVictim(name: string, { point, role, form }: Case): Program {
  const env = { FORKLESS_KILL_AT: point };
  return new Program(PARTY, [role, form, name, `${VICTIM}`, '0', `${PER_PRODUCER}`], { env });
}

/** Brings the victim to its kill point while the others sleep where it matters. */
async function killThere(survivors: Survivors, name: string, test: Case): Promise<string[]> {
  const startOwnSide = test.role === 'producer' ? () => survivors.startProducers() : () => survivors.startConsumers();
  const startOtherSide = test.role === 'producer' ? () => survivors.startConsumers() : () => survivors.startProducers();
  if (test.way === 'working') await startOtherSide();
  else if (test.role === 'producer') for (let slot = 0; slot < SLOTS; slot++) survivors.channel.trySend(make(9, slot));
  const victim = startVictim(name, test);
  if (test.way === 'woken') {
    await victim.printed('ready');
    await sleep(FALL_ASLEEP_MS);
    await startOwnSide();
    await startOtherSide();
  }
  const { signal, lines } = await victim.end;
  expect(signal).toBe('SIGKILL');
  return lines;
}

function isGot(line: string): boolean {
  return line.startsWith('got ') || line.startsWith('corrupt ');
}

/** Every message of a producer that lived, in order at each consumer. */
function expectOrder(consumers: readonly string[][], producer: number): void {
  for (const lines of consumers) {
    const sequences = lines
      .filter((line) => line.startsWith(`got ${producer} `))
      .map((line) => Number(line.split(' ')[2]));
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
  }
}

function messagesOf(producer: number, count: number): string[] {
  return Array.from({ length: count }, (_, sequence) => `got ${producer} ${sequence}`);
}

describe('A FloatChannel one of whose users is killed', () => {
  it.concurrent.each(CASES)('loses nothing for the others when a $form $role dies at $point, $way', async (test) => {
    const name = freshName();
    const survivors = new Survivors(name);
    const victimLines = await killThere(survivors, name, test);
    const consumers = await survivors.finish();
    for (const producer of [CHILD, HERE, VICTIM]) expectOrder(consumers, producer);

    const received = consumers.flat().filter(isGot);
    const taken = victimLines.filter(isGot);
    // What the victim looked at last and had not released comes again, once.
    if (received.includes(taken.at(-1) ?? '')) taken.pop();
    const all = [...received, ...taken];
    expect(new Set(all).size).toBe(all.length);
    const ofVictim = all.filter((line) => line.startsWith(`got ${VICTIM} `)).toSorted();
    const atStart = test.role === 'producer' && test.way !== 'working' ? messagesOf(9, SLOTS) : [];
    expect(all.filter((line) => !line.startsWith(`got ${VICTIM} `)).toSorted()).toEqual(
      [...messagesOf(CHILD, PER_PRODUCER), ...messagesOf(HERE, PER_PRODUCER), ...atStart].toSorted(),
    );
    // Of the victim's own all that it knows to be sent, and at most one more.
    const sent = victimLines.filter((line) => line.startsWith('sent ')).length;
    expect([sent, sent + 1]).toContain(ofVictim.length);
    expect(ofVictim).toEqual(messagesOf(VICTIM, ofVictim.length));
    expect(filesOf(name)).toEqual([]);
  });

  it.concurrent.each(['ring.close.head', 'ring.close.tail', 'wake.before', 'wake.bumped'])(
    'is closed for those who sleep when the closing one dies at %s',
    async (point) => {
      const name = freshName();
      const channel = new FloatChannel(40, { name, slots: 1 });
      const full = FloatChannel.open(name);
      const sleeper = new Program(PARTY, ['consumer', 'sync', name]);
      await sleeper.printed('ready');
      const here = full.recv().catch((error: unknown) => error);
      await sleep(FALL_ASLEEP_MS);
      const closer = new Program(PARTY, ['closer', 'sync', name], { env: { FORKLESS_KILL_AT: point } });
      expect(await closer.end).toMatchObject({ signal: 'SIGKILL' });
      expect(await here).toBeInstanceOf(EOFError);
      expect((await sleeper.end).lines).toEqual(['ready', 'end']);
      channel.close();
      full.close();
      expect(filesOf(name)).toEqual([]);
    },
  );

  it.concurrent.each(['recover.claimed', 'recover.woken', 'recover.holds-dropped'])(
    'is recovered by the next when the one who recovers it dies at %s',
    async (point) => {
      const name = freshName();
      const channel = new FloatChannel(40, { name, slots: SLOTS });
      // Dies with the producers' lock in its hands; the next dies while it clears up after the first.
      const first = new Program(PARTY, ['producer', 'sync', name, `${VICTIM}`, '0', '1'], {
        env: { FORKLESS_KILL_AT: 'ring.write.filled' },
      });
      expect(await first.end).toMatchObject({ signal: 'SIGKILL' });
      const second = new Program(PARTY, ['producer', 'sync', name, `${VICTIM}`, '0', '1'], {
        env: { FORKLESS_KILL_AT: point },
      });
      expect(await second.end).toMatchObject({ signal: 'SIGKILL' });
      await channel.send(make(HERE, 0));
      expect(lineOf(await channel.recv())).toBe(`got ${HERE} 0`);
      expect(faultsOf(arenaOfChannel(channel))).toBe(0);
      expect(arenaOfChannel(channel).statistics().holds).toBe(1);
      channel.close();
      expect(filesOf(name)).toEqual([]);
    },
  );

  it('goes on when its lock is with a process that was stopped and then killed', async () => {
    const name = freshName();
    const channel = new FloatChannel(40, { name, slots: SLOTS });
    const holder = new Program('transport/holder.js', ['reserve', name]);
    await holder.printed('holds');
    holder.child.kill('SIGSTOP');
    await expect(channel.send(make(HERE, 0), { timeout: 200 })).rejects.toMatchObject({ code: 'ERR_MP_TIMEOUT' });
    const waiting = channel.send(make(HERE, 1));
    holder.child.kill('SIGKILL');
    await waiting;
    expect(lineOf(channel.recvSync())).toBe(`got ${HERE} 1`);
    channel.close();
    expect(filesOf(name)).toEqual([]);
  });
});
