// A child changes what a manager's server holds; its parent sees it. No guard for the main program is needed.
// Python: multiprocessing.Manager with a Namespace, a list and a dict.
import { Manager, Process } from 'forkless';
import type { DictProxy, ListProxy, NamespaceProxy } from 'forkless';

function change(namespace: NamespaceProxy<{ a: number }>, list: ListProxy<string>, dict: DictProxy<number>): void {
  namespace.a = 1;
  list.append('c');
  dict['b'] = 0;
}

await using manager = await Manager();
const namespace = manager.Namespace({ a: 0 });
const list = manager.list(['a', 'b']);
const dict = manager.dict<number>();

await new Process({ target: change, args: [namespace, list, dict] }).start().join();
console.log(namespace.a);
console.log(list.copy());
console.log(dict.copy());
