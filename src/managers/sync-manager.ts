import type { PoolOptions } from '../pool/pool-options.ts';
import type { Pool as RealPool } from '../pool/pool.ts';
import type { ElementInit } from '../sharedctypes/element.ts';
import type { ElementOf, ElementType } from '../sharedctypes/typecode.ts';
import { Barrier } from '../synchronize/barrier.ts';
import type { BarrierOptions } from '../synchronize/barrier.ts';
import { Condition } from '../synchronize/condition.ts';
import { Event } from '../synchronize/event.ts';
import { Lock, RLock } from '../synchronize/lock.ts';
import { BoundedSemaphore, Semaphore } from '../synchronize/semaphore.ts';
import { JoinableQueue } from '../transport/joinable-queue.ts';
import { Queue } from '../transport/queue.ts';
import { BaseManager } from './base-manager.ts';
import type { ManagerOptions } from './manager-options.ts';
import type { ArrayProxy } from './proxies/array-proxy.ts';
import type { DictProxy, Entries } from './proxies/dict-proxy.ts';
import type { ListProxy } from './proxies/list-proxy.ts';
import type { NamespaceProxy } from './proxies/namespace-proxy.ts';
import type { ObjectProxy } from './proxies/object-proxy.ts';
import type { ValueProxy } from './proxies/value-proxy.ts';

/** What the proxy of a pool can do: its methods block, those of `$` do not. */
export interface PoolProxy extends Pick<ObjectProxy, 'callMethod'>, Disposable {
  readonly $: Pick<RealPool, 'apply' | 'map' | 'starmap' | 'join'> & {
    close(): Promise<void>;
    terminate(): Promise<void>;
  };
  apply<A extends readonly unknown[], R>(fn: (...args: A) => R, args?: A): Awaited<R>;
  map<T, R>(fn: (item: T) => R, items: Iterable<T>): Awaited<R>[];
  starmap<A extends readonly unknown[], R>(fn: (...args: A) => R, items: Iterable<A>): Awaited<R>[];
  close(): void;
  terminate(): void;
  join(): void;
}

/**
 * A manager with the types of Python's `multiprocessing.Manager`.
 *
 * dict, list, Namespace, Value, Array and Pool are objects of the server process, and their proxies block while it answers. Locks,
 * semaphores, conditions, events, barriers and queues are those of the shared memory: no process serves them, they survive the
 * manager, and they are as fast.
 */
export class SyncManager extends BaseManager {
  protected override get hasSyncTypes(): boolean {
    return true;
  }

  // ---- objects of the server ----

  dict<V = unknown>(entries?: Entries<V>): DictProxy<V> {
    const sent = entries !== undefined && Symbol.iterator in entries ? Array.from(entries) : (entries ?? []);
    return this.create('dict', [sent]) as DictProxy<V>;
  }

  list<T = unknown>(items: Iterable<T> = []): ListProxy<T> {
    return this.create('list', [Array.from(items)]) as ListProxy<T>;
  }

  /** @param attributes to begin with */
  Namespace<T extends object = Record<string, unknown>>(attributes?: T): NamespaceProxy<T> {
    return this.create('Namespace', attributes === undefined ? [] : [attributes]) as NamespaceProxy<T>;
  }

  /** @throws TypeError, RangeError when the type cannot hold the value */
  Value<T extends ElementType>(type: T, value: ElementInit<T>): ValueProxy<ElementOf<T>> {
    return this.create('Value', [type, value]) as ValueProxy<ElementOf<T>>;
  }

  /**
   * @param init how many, all zeros, or the elements
   * @throws TypeError, RangeError when the type cannot hold one
   */
  Array<T extends ElementType>(type: T, init: number | Iterable<ElementInit<T>>): ArrayProxy<ElementOf<T>> {
    const sent = typeof init === 'number' ? init : Array.from(init);
    return this.create('Array', [type, sent]) as ArrayProxy<ElementOf<T>>;
  }

  /** A pool whose owner is the server, so that any process can give it tasks. */
  Pool(options?: number | PoolOptions): PoolProxy {
    return this.create('Pool', [options]) as PoolProxy;
  }

  // ---- objects in shared memory ----

  Queue<T = unknown>(maxSize = 0): Queue<T> {
    return new Queue<T>(maxSize);
  }

  JoinableQueue<T = unknown>(maxSize = 0): JoinableQueue<T> {
    return new JoinableQueue<T>(maxSize);
  }

  Lock(): Lock {
    return new Lock();
  }

  RLock(): RLock {
    return new RLock();
  }

  Semaphore(value = 1): Semaphore {
    return new Semaphore(value);
  }

  BoundedSemaphore(value = 1): BoundedSemaphore {
    return new BoundedSemaphore(value);
  }

  Condition(lock?: Lock | RLock): Condition {
    return new Condition(lock);
  }

  Event(): Event {
    return new Event();
  }

  Barrier(parties: number, options?: BarrierOptions): Barrier {
    return new Barrier(parties, options);
  }
}

/**
 * Starts a manager with the types of Python's `multiprocessing.Manager`.
 *
 * @example
 * await using manager = await Manager();
 * const scores = manager.dict({ ada: 1 });
 * await new Process({ target: play, args: [scores] }).start().join();
 * console.log(scores.ada);
 */
export async function Manager(options?: ManagerOptions): Promise<SyncManager> {
  return new SyncManager(options).start();
}
