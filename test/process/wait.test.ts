import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Connection, Sentinel } from 'forkless';
import { Pipe, Process, wait, waitSync } from 'forkless';
import { describe, expect, it } from 'vitest';

import { endLater, sendLater } from '../fixtures/transport/waited-for.js';
import { expectNoLeaks } from '../helpers/leaks.ts';
import { socketPair } from '../helpers/sockets.ts';

type Waiting = (objects: Iterable<Connection | Sentinel | Socket>, timeout?: number) => Promise<unknown[]>;

const FORMS: [string, Waiting][] = [
  ['wait', async (objects, timeout) => wait(objects, timeout === undefined ? {} : { timeout })],
  ['waitSync', async (objects, timeout) => waitSync(objects, timeout === undefined ? {} : { timeout })],
];

describe.each(FORMS)('%s()', { timeout: 30_000 }, (_, waitFor) => {
  expectNoLeaks();

  it('returns the Connections that have a message, in their order', async () => {
    const pipes = [Pipe(), Pipe(), Pipe()];
    const readers = pipes.map(([reader]) => reader);
    pipes[2]?.[1].sendSync('c');
    pipes[0]?.[1].sendSync('a');
    expect(await waitFor(readers)).toEqual([readers[0], readers[2]]);
    expect(await waitFor(readers)).toEqual([readers[0], readers[2]]);
    readers[0]?.recvSync();
    expect(await waitFor(readers)).toEqual([readers[2]]);
    for (const end of pipes.flat()) end.close();
  });

  it('waits for the first message of several processes, and for the end of each', async () => {
    const pipes = [1, 2, 3].map((i) => {
      const [reader, writer] = Pipe({ duplex: false });
      const child = new Process({ target: sendLater, args: [writer, i * 30, i] }).start();
      writer.close();
      return { reader, child };
    });
    const open = new Set(pipes.map(({ reader }) => reader));
    const got: unknown[] = [];
    while (open.size > 0) {
      for (const reader of (await waitFor(open)) as Connection[]) {
        try {
          got.push(reader.recvSync());
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_MP_EOF' });
          open.delete(reader);
        }
      }
    }
    expect(got.map(Number).toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
    for (const { reader, child } of pipes) {
      await child.join();
      reader.close();
    }
  });

  it('returns nothing when the time is over, and at once what is ready', async () => {
    const [reader, writer] = Pipe();
    const start = performance.now();
    expect(await waitFor([reader], 50)).toEqual([]);
    expect(performance.now() - start).toBeGreaterThanOrEqual(49);
    expect(await waitFor([reader], 0)).toEqual([]);
    expect(await waitFor([], 10)).toEqual([]);
    writer.sendSync(1);
    expect(await waitFor([reader], 0)).toEqual([reader]);
    reader.close();
    writer.close();
  });

  it('waits for sentinels beside Connections', async () => {
    const [reader, writer] = Pipe();
    const child = new Process({ target: endLater, args: [50] }).start();
    const { sentinel } = child;
    expect(await waitFor([reader, sentinel], 20_000)).toEqual([sentinel]);
    writer.sendSync(1);
    expect(await waitFor([reader, sentinel])).toEqual([reader, sentinel]);
    expect(child.exitCode).toBe(0);
    child.close();
    reader.close();
    writer.close();
  });

  it('waits for sockets beside Connections', async () => {
    const [reader, writer] = Pipe();
    const [here, there] = await socketPair();
    expect(await waitFor([reader, here], 20)).toEqual([]);
    there.write('data');
    await sleep(20);
    expect(await waitFor([reader, here], 20_000)).toEqual([here]);
    here.destroy();
    there.destroy();
    reader.close();
    writer.close();
  });

  it('waits for many sockets and sentinels without a warning', async () => {
    const warnings: string[] = [];
    const note = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', note);
    const pairs = await Promise.all(Array.from({ length: 6 }, () => socketPair()));
    const children = Array.from({ length: 12 }, () => new Process({ target: endLater, args: [400] }).start());
    const all = [...pairs.map(([here]) => here), ...children.map(({ sentinel }) => sentinel)];
    expect(await waitFor(all, 10)).toEqual([]);
    await Promise.all(children.map((child) => child.join()));
    for (const child of children) child.close();
    for (const socket of pairs.flat()) socket.destroy();
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  it('refuses what it cannot wait for', async () => {
    await expect(waitFor([new Map() as never])).rejects.toThrow(/takes Connections, Sentinels and sockets, not a Map/);
    await expect(waitFor([1 as never])).rejects.toThrow(TypeError);
    await expect(waitFor([], -1)).rejects.toThrow(RangeError);
    const [reader, writer] = Pipe();
    reader.close();
    await expect(waitFor([reader])).rejects.toMatchObject({ code: 'ERR_MP_CLOSED' });
    writer.close();
  });
});

describe('wait()', () => {
  it('is called off by a signal, and leaves the loop free meanwhile', async () => {
    const [reader, writer] = Pipe();
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(wait([reader], { signal: controller.signal })).rejects.toThrow('enough');
    await expect(wait([reader], { signal: controller.signal })).rejects.toThrow('enough');
    setTimeout(() => writer.sendSync(1), 20);
    expect(await wait([reader])).toEqual([reader]);
    reader.close();
    writer.close();
  });

  it('fails when a Connection is closed meanwhile', async () => {
    const [reader, writer] = Pipe();
    setTimeout(() => reader.close(), 20);
    await expect(wait([reader])).rejects.toMatchObject({ code: 'ERR_MP_CLOSED' });
    writer.close();
  });
});
