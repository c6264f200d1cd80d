// Ten processes change an attribute: `**=` reads and writes, `update` does both as one step.
// Python: multiprocessing.Manager().Namespace().
import { Manager, Process } from 'forkless';
import type { NamespaceProxy } from 'forkless';

function count(namespace: NamespaceProxy<{ a: number; counted: number }>): void {
  namespace.update('counted', (n) => n + 1);
}

await using manager = await Manager();
const namespace = manager.Namespace({ a: 3, counted: 0 });
namespace.a **= 2;
const children = Array.from({ length: 10 }, () => new Process({ target: count, args: [namespace] }).start());
for (const child of children) await child.join();
console.log(`a is ${namespace.a}, and ${namespace.counted} have counted`);
