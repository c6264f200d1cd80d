import type { BaseManager } from 'forkless';
import { Client, type SocketConnection } from 'forkless';
import { describe, expect, it } from 'vitest';

import { RemoteManager } from '../fixtures/managers/remote.js';
import { randomNumbers, SEED } from '../helpers/random.ts';

const GREETING = ['forkless manager 1', 'fuzz'];
const MESSAGES = 3000;

describe(`The server of a manager (FORKLESS_SEED=${SEED})`, () => {
  it('answers or disconnects whoever sends anything, and goes on', async () => {
    const below = randomNumbers(SEED);
    const random = (): number => below(2 ** 20) / 2 ** 20;
    const oneOf = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
    const values: (() => unknown)[] = [
      () => Math.floor(random() * 5),
      () => oneOf([NaN, -1, 1e300, -0, 2 ** 53]),
      () =>
        oneOf(['create', 'drop', 'count', 'constructor', '__proto__', 'push', 'at', 'toJSON', 'exchange', 'look', '']),
      () => oneOf([null, undefined, true, 10n, new Date(NaN), new Map([[1, {}]]), new Uint8Array(3)]),
      () => Array.from({ length: Math.floor(random() * 4) }, () => oneOf(values)()),
      () => ({ [oneOf(['a', '0', '__proto__', 'length'])]: oneOf(values)() }),
    ];
    const anything = (): unknown => oneOf(values)();
    const request = (): unknown[] => [
      random() < 0.9 ? 1 : anything(),
      random() < 0.7 ? Math.floor(random() * 3) : anything(),
      oneOf(values.slice(2, 3))(),
      random() < 0.8 ? [oneOf(['getList', 'echo', 'Counter', 0, 'constructor']), anything(), anything()] : anything(),
      random() < 0.7 ? [] : [[anything(), anything()], anything()],
    ];

    class Manager extends RemoteManager {}
    using server = new (Manager as typeof BaseManager)({ address: ['127.0.0.1', 0], authkey: 'k' }).getServer();
    const serving = server.serveForever();
    let connection: SocketConnection | undefined;
    let answered = 0;
    let refused = 0;
    for (let i = 0; i < MESSAGES; i++) {
      if (connection === undefined) {
        connection = await Client(server.address, { authkey: 'k' });
        await connection.send(GREETING);
      }
      const message = random() < 0.9 ? request() : anything();
      try {
        await connection.send(message);
        // Number 0 has no answer, and methods that never end have none, either.
        if (await connection.poll({ timeout: 20 })) await connection.recv().then(() => (answered += 1));
      } catch {
        refused += 1;
        connection.close();
        connection = undefined;
      }
    }
    connection?.close();
    expect(answered).toBeGreaterThan(MESSAGES / 10);
    expect(refused).toBeGreaterThan(MESSAGES / 100);
    using last = await Client(server.address, { authkey: 'k' });
    await last.send(['forkless manager 1', 'last']);
    await last.send([1, 0, 'create', ['echo', 5], []]);
    expect(await last.recv()).toEqual([1, 0, 5, []]);
    expect(Object.keys(Object.prototype)).toEqual([]);
    server.close();
    await serving;
  });
});
