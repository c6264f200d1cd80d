import { setTimeout as sleep } from 'node:timers/promises';

import {
  type BaseManager,
  type ManagerOptions,
  type ObjectProxy,
  Process,
  type Queue,
  SerializationError,
} from 'forkless';
import { describe, expect, it } from 'vitest';

import { putHello, putValues, RemoteClient, RemoteManager, VALUES } from '../fixtures/managers/remote.js';
import { expectNoLeaks } from '../helpers/leaks.ts';
import { thrownBy } from '../helpers/managers.ts';

expectNoLeaks();

const LOCAL = ['127.0.0.1', 0] as const;

interface QueueManager extends BaseManager {
  getQueue(): ObjectProxy<Queue> & { get(): unknown; put(item: unknown): void };
}

const server = (options: ManagerOptions): QueueManager => new RemoteManager(options) as QueueManager;

describe('A manager at an address', () => {
  it('passes values through a queue of the server (_TestRemoteManager.test_remote)', async () => {
    const authkey = new Uint8Array([1, 2, 3, 4]);
    await using manager = await server({ address: LOCAL, authkey }).start();
    const child = new Process({ target: putValues, args: [manager.address, authkey], daemon: true }).start();
    await using client = await new RemoteClient({ address: manager.address ?? '', authkey }).connect();
    const queue = (client as QueueManager).getQueue();
    expect(queue.get()).toEqual(VALUES);
    expect(thrownBy(() => queue.put(sleep))).toBeInstanceOf(SerializationError);
    await child.join();
  });

  it('is started again at once at the same address (_TestManagerRestart.test_rapid_restart)', async () => {
    const first = server({ address: LOCAL, authkey: 'secret' });
    const listening = first.getServer();
    const { address } = listening;
    listening.close();
    for (let round = 0; round < 2; round++) {
      await using manager = (await server({ address, authkey: 'secret' }).start()) as QueueManager;
      const child = new Process({ target: putHello, args: [manager.address, 'secret'] }).start();
      await child.join();
      expect(manager.getQueue().get()).toBe('hello world');
    }
  });
});
