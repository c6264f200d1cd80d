import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { familyHolds } from './shared-memory.ts';

setFlagsFromString('--expose-gc');
/** Collects garbage, now. */
export const collect = runInNewContext('gc') as () => void;

/** Collects garbage until the number of holds on blocks is right, at most 500 times; gives that number. */
export async function collectUntil(isRight: (holds: number) => boolean): Promise<number> {
  for (let round = 0; round < 500; round++) {
    collect();
    // The finalizers run in a later turn of the loop than the collection.
    await sleep(10);
    if (round > 3 && isRight(familyHolds())) break;
  }
  return familyHolds();
}

/** Collects garbage until nobody has the object any more; whether that has come. */
export async function isCollected(reference: WeakRef<object>): Promise<boolean> {
  for (let round = 0; round < 100 && reference.deref() !== undefined; round++) {
    // A look at it keeps it until the end of the turn.
    await sleep(10);
    collect();
  }
  return reference.deref() === undefined;
}
