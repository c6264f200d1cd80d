// An array that a child changes in place. Python: multiprocessing.Array('i', [1, 2, 3, 4, 5]).
import { Array, isMainProcess, Process } from 'forkless';
import type { SharedArrayOf } from 'forkless';

export function square(numbers: SharedArrayOf<'i'>): void {
  numbers.withSync(() => {
    for (let i = 0; i < numbers.length; i++) numbers[i] = (numbers[i] ?? 0) ** 2;
  });
}

if (isMainProcess) {
  const numbers = Array('i', [1, 2, 3, 4, 5]);
  await new Process({ target: square, args: [numbers] }).start().join();
  console.log(`[${numbers.join()}]`);
}
