// @ts-check
// Calls of objects of a manager, one after the other, by a process that blocks meanwhile: how many a second.
//
//   --of=get|set|queue|append --count=20000 --rounds=5
//
// get and set are those of a dict, queue is a put and a get of a Queue of the manager by the same process, append is one to a
// list at a TCP address.
import { BaseManager, Manager } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printRates } from '../harness/print-result.js';

const options = readOptions({ of: 'get', count: 20_000, rounds: 5 });
const { of, count, rounds } = options;

class RemoteManager extends BaseManager {}
const list = /** @type {number[]} */ ([]);
RemoteManager.register('getList', { callable: () => list });

/** @returns {Promise<readonly [manager: BaseManager, call: (i: number) => void]>} */
async function prepare() {
  if (of === 'append') {
    const manager = await new RemoteManager({ address: ['127.0.0.1', 0], authkey: 'secret' }).start();
    const remote = /** @type {import('forkless').ListProxy<number>} */ (await manager.createAsync('getList'));
    return [manager, (i) => remote.append(i)];
  }
  const manager = await Manager();
  const queue = manager.Queue();
  const dict = manager.dict({ a: 1 });
  const calls = {
    get: () => void dict.get('a'),
    set: (/** @type {number} */ i) => void dict.set('a', i),
    queue: (/** @type {number} */ i) => {
      queue.putSync(i);
      queue.getSync();
    },
  };
  return [manager, calls[/** @type {'get' | 'set' | 'queue'} */ (of)]];
}

const [manager, call] = await prepare();
const rates = [];
for (let round = -1; round < rounds; round++) {
  const start = performance.now();
  for (let i = 0; i < count; i++) call(i);
  const elapsed = performance.now() - start;
  if (round >= 0) rates.push((count / elapsed) * 1000);
}
printRates(`manager, ${of}`, rates);
await manager.shutdown();
