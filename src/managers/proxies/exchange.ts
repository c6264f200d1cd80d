import type { RemoteObject } from './remote-object.ts';

/**
 * Changes what an object has in a place by a function of this process, as one step: if somebody else has changed it meanwhile,
 * the function is called again with what is there then. Nobody waits for anybody: when this process ends in the middle,
 * nothing has changed.
 *
 * @param place the arguments that name it
 */
export function exchangeSync(
  remote: RemoteObject,
  place: readonly unknown[],
  change: (value: never) => unknown,
): unknown {
  checkChange(change);
  for (;;) {
    const [value, mark] = remote.callSync('look', ...place) as [never, unknown];
    const next = checkedResult(change(value));
    if (remote.callSync('exchange', ...place, next, mark) === true) return next;
  }
}

/** The same without blocking; the function may return a promise. */
export async function exchange(
  remote: RemoteObject,
  place: readonly unknown[],
  change: (value: never) => unknown,
): Promise<unknown> {
  checkChange(change);
  for (;;) {
    const [value, mark] = (await remote.call('look', ...place)) as [never, unknown];
    const next = await change(value);
    if ((await remote.call('exchange', ...place, next, mark)) === true) return next;
  }
}

function checkChange(change: unknown): void {
  if (typeof change !== 'function') {
    throw new TypeError(`update() expects a function that gives the new value for the old one, not ${typeof change}`);
  }
}

function checkedResult(next: unknown): unknown {
  if (!(next instanceof Promise)) return next;
  throw new TypeError(
    'update(): the function gives a promise, for which a blocking call cannot wait. Use proxy.$.update()',
  );
}
