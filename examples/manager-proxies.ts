// Proxies go to other processes in arguments, queues and results, and show what they stand for. Python: print(proxy).
import { Manager, Pool } from 'forkless';
import type { ListProxy } from 'forkless';

function add(list: ListProxy<number>, item: number): ListProxy<number> {
  list.append(item);
  return list;
}

await using manager = await Manager();
await using pool = new Pool(2);
const list = manager.list<number>();
for (const item of [1, 2, 3]) await pool.apply(add, [list, item]);
const same = await pool.apply(add, [list, 4]);
console.log(list);
console.log(manager.dict({ list, name: 'nested' }));
console.log(same === list);
