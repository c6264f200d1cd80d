// Ten processes that count together: each of them adds one, once under the value's lock and once atomically.
// Python: multiprocessing.Value and `with counter.get_lock(): counter.value += 1`.
import { isMainProcess, Process, Value } from 'forkless';
import type { SharedValue } from 'forkless';

export async function count(counter: SharedValue<'i'>, atomic: SharedValue<'i'>): Promise<void> {
  await counter.with(() => (counter.value += 1));
  atomic.add(1);
}

if (isMainProcess) {
  const counter = Value('i', 0);
  const atomic = Value('i', 0);
  const children = Array.from({ length: 10 }, () => new Process({ target: count, args: [counter, atomic] }).start());
  for (const child of children) await child.join();
  console.log(`under the lock: ${counter.value}`);
  console.log(`atomically: ${atomic.value}`);
}
