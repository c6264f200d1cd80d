import { Worker } from 'node:worker_threads';

import { describe, expect, it } from 'vitest';

import { FloatChannel, ResourceError } from '../../dist/index.js';
import { lineOf, make } from '../fixtures/transport/message.js';
import { closeChannelsAfterEach } from '../helpers/channels.ts';
import { Program } from '../helpers/programs.ts';
import { arenaOfChannel, faultsOf, filesOf, freshName, openDescriptors } from '../helpers/shared-memory.ts';

const PARTY = 'transport/party.js';

closeChannelsAfterEach();

describe('The name of a FloatChannel', () => {
  it('leads to the same channel, and goes with the last user', () => {
    const name = freshName();
    const descriptors = openDescriptors();
    const channel = new FloatChannel<'i'>(4, { name, type: 'i', slots: 3 });
    expect(filesOf(name)).toHaveLength(1);
    const other = FloatChannel.open<'i'>(name);
    expect([other.maxSize, other.type, other.slots, other.name]).toEqual([4, 'i', 3, name]);
    channel.sendSync([7]);
    channel.detach();
    expect(filesOf(name)).toHaveLength(1);
    expect(other.recvSync()).toEqual(Int32Array.of(7));
    other.close();
    expect(filesOf(name)).toEqual([]);
    expect(openDescriptors()).toBe(descriptors);
  });

  it('is taken only once', () => {
    const name = freshName();
    const channel = new FloatChannel(4, { name });
    expect(() => new FloatChannel(4, { name })).toThrow(
      expect.objectContaining({ name: 'ResourceError', message: expect.stringMatching(/exists/) as string }) as Error,
    );
    channel.close();
    new FloatChannel(4, { name }).close();
    expect(filesOf(name)).toEqual([]);
  });

  it('that nobody has made cannot be opened', () => {
    expect(() => FloatChannel.open(freshName())).toThrow(
      expect.objectContaining({ name: 'ResourceError', errno: 'ENOENT', syscall: 'shm_open' }) as Error,
    );
  });

  it('is not left behind by a channel that is too large', () => {
    const name = freshName();
    const descriptors = openDescriptors();
    expect(() => new FloatChannel(2 ** 27, { name, slots: 1024 })).toThrow(ResourceError);
    expect(filesOf(name)).toEqual([]);
    expect(openDescriptors()).toBe(descriptors);
    new FloatChannel(4, { name }).close();
  });

  it('is free again when all users were killed', async () => {
    const name = freshName();
    const creator = new Program('transport/creator.js', [name]);
    await creator.printed('made');
    creator.child.kill('SIGKILL');
    await creator.end;
    expect(() => FloatChannel.open(name)).toThrow(expect.objectContaining({ errno: 'ENOENT' }) as Error);
    expect(filesOf(name)).toEqual([]);
    new FloatChannel(4, { name }).close();
  });
});

describe('A FloatChannel between processes', () => {
  it.each([
    ['sync', 'sync'],
    ['copySync', 'async'],
    ['async', 'copySync'],
    ['copy', 'copy'],
  ])(
    'carries every message once, from %s producers to %s consumers, in the order of each producer',
    async (from, to) => {
      const name = freshName();
      const count = 300;
      const channel = new FloatChannel(40, { name, slots: 3 });
      const consumers = [0, 1].map(() => new Program(PARTY, ['consumer', to, name]));
      // One that comes when all is sent and taken would find no channel of this name.
      await Promise.all(consumers.map((consumer) => consumer.printed('ready')));
      const producers = [1, 2, 3].map((id) => new Program(PARTY, ['producer', from, name, `${id}`, '0', `${count}`]));
      for (const producer of producers) expect(await producer.end).toMatchObject({ code: 0 });
      expect(faultsOf(arenaOfChannel(channel))).toBe(0);
      channel.close();
      const ends = await Promise.all(consumers.map((consumer) => consumer.end));
      expect(ends.map(({ code }) => code)).toEqual([0, 0]);
      const got = ends.map(({ lines }) => lines.filter((line) => line !== 'ready' && line !== 'end'));
      for (const id of [1, 2, 3]) {
        for (const lines of got) {
          const sequences = lines
            .filter((line) => line.startsWith(`got ${id} `))
            .map((line) => Number(line.split(' ')[2]));
          expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
        }
      }
      const expected = [1, 2, 3].flatMap((id) =>
        Array.from({ length: count }, (_, sequence) => `got ${id} ${sequence}`),
      );
      expect(got.flat().toSorted()).toEqual(expected.toSorted());
      expect(filesOf(name)).toEqual([]);
    },
  );
});

describe('A FloatChannel between threads', () => {
  it('carries messages to worker threads and back', async () => {
    const name = freshName();
    const there = new FloatChannel(40, { name });
    const back = new FloatChannel(40, { name: `${name}b` });
    const workers = ['sync', 'async'].map(
      (form) => new Worker(new URL('../fixtures/transport/echo.js', import.meta.url), { workerData: { name, form } }),
    );
    const ended = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
    const received: string[] = [];
    const receiving = (async () => {
      for (let count = 0; count < 200; count++) received.push(lineOf(await back.recv()));
    })();
    for (let sequence = 0; sequence < 200; sequence++) await there.send(make(1, sequence));
    await receiving;
    there.close();
    expect(await Promise.all(ended)).toEqual([0, 0]);
    expect(received.toSorted()).toEqual(Array.from({ length: 200 }, (_, sequence) => `got 1 ${sequence}`).toSorted());
    back.close();
    expect([...filesOf(name), ...filesOf(`${name}b`)]).toEqual([]);
  });
});
