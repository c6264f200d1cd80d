import { EventEmitter, setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';

import { familyArena } from '../memory/arena.ts';
import { LOOK_UNASKED_MS, type Wait } from '../synchronize/wait-point.ts';
import { loopWaitsOf } from '../synchronize/loop-waits.ts';
import { deadlineAfter, leftUntil, monotonicNow } from '../support/deadline.ts';
import { checkWait, SYNC_WAIT_KEYS } from '../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { LONGEST_TIMER_MS } from '../support/within.ts';
import { Connection } from '../transport/connection.ts';
import { isAwaited } from './awaited.ts';
import type { AwaitedObject } from './awaited.ts';
import { Sentinel } from './sentinel.ts';

/** A socket, as far as `wait` needs it: `net.Socket` is one. */
export interface WaitableSocket extends EventEmitter {
  readonly readableLength: number;
  readonly readableEnded: boolean;
  readonly destroyed: boolean;
}

/** What `wait` can wait for. */
export type Waitable = Connection | Sentinel | WaitableSocket | AwaitedObject;

// What a blocking wait sleeps at most before it looks unasked: shorter while it waits for what cannot ring here.
const SLICE_MS = isMainThread ? LOOK_UNASKED_MS : 50;
const OTHER_ARENA_MS = 5;

/**
 * Waits until at least one of the objects is ready, and returns those that are, in their order: a Connection or SocketConnection
 * with a message or at its end, a Sentinel whose process has ended, a socket with data or at its end.
 * Python: `multiprocessing.connection.wait`.
 *
 * @param options how long; when the time is over, the result is empty
 * @throws TypeError for other objects; ClosedError when a Connection is closed, also meanwhile.
 * @example
 * const [ready] = await wait([connection, process.sentinel], { timeout: 1000 });
 */
export async function wait<T extends Waitable>(objects: Iterable<T>, options?: AsyncWaitOptions): Promise<T[]> {
  checkWait(options, 'wait()');
  const all = checked(objects, 'wait()');
  const deadline = deadlineAfter(options?.timeout ?? Infinity);
  for (;;) {
    options?.signal?.throwIfAborted();
    const ready = all.filter((object) => isReady(object));
    if (ready.length > 0 || leftUntil(deadline) === 0) return ready;
    await anyReady(all, leftUntil(deadline), options?.signal);
  }
}

/** `wait` that blocks the thread. */
export function waitSync<T extends Waitable>(objects: Iterable<T>, options?: WaitOptions): T[] {
  checkWait(options, 'waitSync()', SYNC_WAIT_KEYS);
  const all = checked(objects, 'waitSync()');
  const deadline = deadlineAfter(options?.timeout ?? Infinity);
  const described = all.filter((object) => !(object instanceof Connection));
  let readable: readonly boolean[] = [];
  for (;;) {
    // What says itself whether it is ready may be so a moment after its descriptor, or not at all.
    const seen = new Set<T>(described.filter((object, i) => readable[i] === true && !isAwaited(object)));
    const waits: Wait[] = [];
    const ready = all.filter((object) => seen.has(object) || isReady(object, waits));
    if (ready.length > 0 || leftUntil(deadline) === 0) return ready;
    readable = sleepUntilOne(waits, described.map(descriptorOf), deadline);
    // The descriptor tells of the end a moment before its exit code is known here.
    for (const [i, object] of described.entries()) if (readable[i] && object instanceof Sentinel) object.waitSync();
  }
}

function sleepUntilOne(waits: readonly Wait[], descriptors: readonly number[], deadline: number): readonly boolean[] {
  const arena = familyArena();
  const ours = waits.filter(({ point }) => point.arena === arena);
  const slice = ours.length < waits.length ? OTHER_ARENA_MS : SLICE_MS;
  return loopWaitsOf(arena).block(ours, descriptors, Math.min(deadline, monotonicNow() + slice));
}

async function anyReady(all: readonly Waitable[], timeout: number, signal: AbortSignal | undefined): Promise<void> {
  const done = new AbortController();
  // Each object listens to it.
  setMaxListeners(0, done.signal);
  // AbortSignal.any() is newer than the first Node 20.
  const stop = (): void => done.abort();
  signal?.addEventListener('abort', stop);
  try {
    await Promise.race([...all.map((object) => untilReady(object, done.signal)), after(timeout, done.signal)]);
  } finally {
    signal?.removeEventListener('abort', stop);
    done.abort();
  }
}

async function untilReady(object: Waitable, signal: AbortSignal): Promise<unknown> {
  try {
    if (object instanceof Connection) return await object.poll({ timeout: Infinity, signal });
    if (object instanceof Sentinel) return await object.wait({ signal });
    if (isAwaited(object)) return await object.awaited().untilReady(signal);
    return await anyEvent(object, signal);
  } catch (error) {
    // The others are called off when one is ready.
    if (signal.aborted) return undefined;
    throw error;
  }
}

const READY_EVENTS = ['readable', 'end', 'close', 'error'];

/** Ends with the first of the events that say that a socket is ready, or with the signal. */
function anyEvent(socket: EventEmitter, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      for (const event of READY_EVENTS) socket.off(event, end);
      signal.removeEventListener('abort', end);
      resolve();
    };
    for (const event of READY_EVENTS) socket.on(event, end);
    signal.addEventListener('abort', end);
  });
}

async function after(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.min(ms, LONGEST_TIMER_MS), undefined, { signal }).catch(() => {});
}

/** @param waits takes what a Connection that is not ready would wait for */
function isReady(object: Waitable, waits?: Wait[]): boolean {
  if (object instanceof Sentinel) return object.ready;
  if (isAwaited(object)) return object.awaited().isReady();
  if (!(object instanceof Connection)) return object.readableLength > 0 || object.readableEnded || object.destroyed;
  const readiness = object.readiness();
  if (readiness !== true) waits?.push(readiness);
  return readiness === true;
}

function descriptorOf(object: Waitable): number {
  if (object instanceof Sentinel) return object.fileno();
  if (isAwaited(object)) return object.awaited().descriptor;
  return (object as { _handle?: { fd?: number } | null })._handle?.fd ?? -1;
}

function checked<T extends Waitable>(objects: Iterable<T>, where: string): T[] {
  const all = Array.from(objects);
  for (const object of all) {
    const isSocket = (object as unknown) instanceof EventEmitter && 'readableLength' in object;
    if (object instanceof Connection || object instanceof Sentinel || isAwaited(object) || isSocket) continue;
    throw new TypeError(`${where} takes Connections, Sentinels and sockets, not ${describe(object)}`);
  }
  return all;
}

function describe(value: unknown): string {
  return typeof value === 'object' && value !== null ? `a ${value.constructor?.name ?? 'plain object'}` : String(value);
}
