import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { EOFError, FloatChannel, TimeoutError } from 'forkless';
import { afterEach, describe, expect, it } from 'vitest';

import { channelLayout, documentNow } from '../../scripts/channel-layout.js';
import { expectNoLeaks, until } from '../helpers/leaks.ts';
import { PythonProgram, PYTHONS } from '../helpers/python.ts';
import type { Python } from '../helpers/python.ts';

const EXAMPLES = '../../examples/python/';
const SIZE = 1000;
const WATCHDOG = { timeout: 20_000 };
let names = 0;
const made: FloatChannel[] = [];

function channelFor(slots = 4): FloatChannel {
  const channel = new FloatChannel(SIZE, { name: `python-${process.pid}-${(names += 1)}`, slots });
  made.push(channel);
  return channel;
}

const nameOf = (channel: FloatChannel): string => channel.name as string;
const drained = (channel: FloatChannel): Promise<void> => until(() => channel.size === 0, 'all is read');

describe.skipIf(PYTHONS.length === 0)('A FloatChannel and a Python process', () => {
  expectNoLeaks();
  afterEach(() => made.splice(0).forEach((channel) => channel.close()));
  const [python] = PYTHONS as readonly [Python];
  const start = async (file: string, ...args: unknown[]): Promise<PythonProgram> => {
    const program = new PythonProgram(python, file, args.map(String), EXAMPLES);
    expect(await program.line()).toBe('open');
    return program;
  };
  const consumer = (channel: FloatChannel): Promise<PythonProgram> => start('consumer.py', nameOf(channel));

  it('agree on where everything is, as the document says', () => {
    const folder = fileURLToPath(new URL(EXAMPLES, import.meta.url));
    const show = 'import json, float_channel; print(json.dumps(float_channel.LAYOUT))';
    const { stdout } = spawnSync(python.command, ['-B', '-c', show], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, ...python.env },
    });
    const { ring, types, ...theirs } = JSON.parse(stdout) as { ring: object; types: [string, string][] };
    const ours = channelLayout();
    expect(Object.keys(theirs).length).toBeGreaterThan(15);
    expect(ours.layout).toMatchObject(theirs);
    expect(ours.ring).toEqual(ring);
    expect(ours.types).toEqual(types.map(([type]) => type));
    const document = new URL('../../docs/float-channel-layout.md', import.meta.url);
    expect(readFileSync(document, 'utf8')).toBe(documentNow());
  });

  it.each([1, 2, 8])('carry messages to Python, whether we block or not (%i slots)', async (slots) => {
    const channel = channelFor(slots);
    const program = await consumer(channel);
    let sum = 0;
    for (let i = 0; i < 300; i++) {
      const message = Float64Array.from({ length: 1 + ((i * 37) % SIZE) }, (_, k) => i + k);
      sum += message.reduce((a, b) => a + b);
      if (i % 2 === 0) await channel.send(message);
      else channel.sendSync(message, WATCHDOG);
    }
    await drained(channel);
    channel.close();
    const [messages, , total] = (await program.line()).split(' ').map(Number);
    expect([messages, total]).toEqual([300, sum]);
    expect(await program.end()).toBe(0);
  });

  it.each([1, 2, 8])('carry messages from Python, whether we block or not, up to the end (%i slots)', async (slots) => {
    const channel = channelFor(slots);
    const program = await start('producer.py', nameOf(channel), 300, SIZE);
    for (let i = 0; i < 300; i++) {
      const message = i % 2 === 0 ? await channel.recv() : channel.recvSync(WATCHDOG);
      expect(message).toHaveLength(SIZE);
      expect(message.every((value) => value === i)).toBe(true);
    }
    await expect(channel.recv()).rejects.toBeInstanceOf(EOFError);
    expect(() => channel.recvSync(WATCHDOG)).toThrow(EOFError);
    expect(await program.line()).toBe('done');
  });

  it('wake each other after long waits, in both forms', async () => {
    const channel = channelFor(1);
    const program = await consumer(channel);
    for (let i = 0; i < 6; i++) {
      await sleep(40);
      await channel.send([i]);
      channel.sendSync([i], WATCHDOG);
    }
    await drained(channel);
    channel.close();
    expect(await program.line()).toBe('12 12 30.0');
  });

  it('lose nothing when the Python reader is killed: the next one has it', async () => {
    const channel = channelFor();
    let sent = 0;
    for (let round = 0; round < 5; round++) {
      const program = await consumer(channel);
      for (let i = 0; i < 50; i++) await channel.send([(sent += 1)]);
      program.child.kill('SIGKILL');
      await program.end();
    }
    // What is left follows without a gap, and nobody hangs.
    const first = channel.size === 0 ? sent + 1 : (channel.recvSync(WATCHDOG)[0] as number);
    for (let next = first + 1; next <= sent; next++) expect((await channel.recv())[0]).toBe(next);
    expect(channel.tryRecv()).toBeUndefined();
    await channel.send([sent + 1]);
    expect((await channel.recv())[0]).toBe(sent + 1);
  });

  it('go on when the Python writer is killed: what it has not finished was not sent', async () => {
    const channel = channelFor();
    for (let round = 0; round < 5; round++) {
      const program = await start('producer.py', nameOf(channel), 1_000_000, SIZE);
      let next = 0;
      for (; next < 100; next++) expect((await channel.recv())[0]).toBe(next);
      program.child.kill('SIGKILL');
      await program.end();
      for (let message = channel.tryRecv(); message !== undefined; message = channel.tryRecv()) {
        expect(message.every((value) => value === next)).toBe(true);
        next += 1;
      }
      await expect(channel.recv({ timeout: 30 })).rejects.toBeInstanceOf(TimeoutError);
      expect(() => channel.recvSync({ timeout: 30 })).toThrow(TimeoutError);
    }
    channel.sendSync([5]);
    expect((await channel.recv())[0]).toBe(5);
  });

  it('end in Python when the last of us has gone', async () => {
    const channel = channelFor();
    const reader = await consumer(channel);
    channel.close();
    expect(await reader.line()).toBe('0 0 0');
    expect(await reader.end()).toBe(0);
  });
});
