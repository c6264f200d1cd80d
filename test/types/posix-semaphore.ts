import { PosixSemaphore } from 'forkless';

const semaphore = new PosixSemaphore({ name: '/x', value: 0, create: true, exclusive: false, mode: 0o600 });
export const acquired: Promise<boolean> = semaphore.acquire({ timeout: 1, signal: AbortSignal.timeout(1) });
export const acquiredNow: boolean = semaphore.acquireSync({ timeout: 1 }) || semaphore.tryAcquire();
export const name: string | undefined = PosixSemaphore.open('/x').name;

// @ts-expect-error: a blocking wait cannot be aborted
semaphore.acquireSync({ signal: AbortSignal.timeout(1) });
// @ts-expect-error: a misspelt option
export const misspelt = new PosixSemaphore({ nmae: '/x' });
// @ts-expect-error: the value is read only
semaphore.value = 1;
// @ts-expect-error: a promise is not a boolean
export const notAwaited: boolean = semaphore.acquire();
