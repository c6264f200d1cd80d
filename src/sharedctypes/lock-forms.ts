import type { Lock, RLock } from '../synchronize/lock.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';

/** What has a lock, with the lock's own forms of use; see `Lock`. */
export interface Synchronized extends Disposable {
  getLock(): Lock | RLock;
  acquire(wait?: AsyncWaitOptions): Promise<boolean>;
  acquireSync(wait?: WaitOptions): boolean;
  tryAcquire(): boolean;
  release(): void;
  with<R>(use: () => R | PromiseLike<R>, wait?: AsyncWaitOptions): Promise<R>;
  withSync<R>(use: () => R, wait?: WaitOptions): R;
  hold(wait?: AsyncWaitOptions): Promise<Disposable>;
  holdSync(wait?: WaitOptions): Disposable;
  readonly locked: boolean;
  readonly abandoned: boolean;
  close(): void;
}

/** The lock's forms, for what has one. */
export abstract class LockForms implements Synchronized {
  /** @throws ClosedError */
  abstract getLock(): Lock | RLock;
  abstract close(): void;

  acquire(wait?: AsyncWaitOptions): Promise<boolean> {
    return this.getLock().acquire(wait);
  }

  acquireSync(wait?: WaitOptions): boolean {
    return this.getLock().acquireSync(wait);
  }

  tryAcquire(): boolean {
    return this.getLock().tryAcquire();
  }

  release(): void {
    this.getLock().release();
  }

  with<R>(use: () => R | PromiseLike<R>, wait?: AsyncWaitOptions): Promise<R> {
    return this.getLock().with(use, wait);
  }

  withSync<R>(use: () => R, wait?: WaitOptions): R {
    return this.getLock().withSync(use, wait);
  }

  hold(wait?: AsyncWaitOptions): Promise<Disposable> {
    return this.getLock().hold(wait);
  }

  holdSync(wait?: WaitOptions): Disposable {
    return this.getLock().holdSync(wait);
  }

  get locked(): boolean {
    return this.getLock().locked;
  }

  get abandoned(): boolean {
    return this.getLock().abandoned;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
