/*
 * The program that a child runs. Everything here is on the way from start() to the first line of the target, so it loads
 * nothing but the addon and the target's module, unless the arguments need more.
 */
import type { BlockPlace } from '../memory/heap.ts' with { 'resolution-mode': 'import' };
import type { Binding } from '../native/binding.ts' with { 'resolution-mode': 'import' };
import type { BootHead, BootReference, BootValues } from '../process/boot-record.ts' with {
  'resolution-mode': 'import',
};
import type { readBootValues } from '../process/boot-values.ts' with { 'resolution-mode': 'import' };
import type { awaitOrder, prepareSpare } from '../process/spare-main.ts' with { 'resolution-mode': 'import' };
import type { OwnState } from '../process/own-state.ts' with { 'resolution-mode': 'import' };

type Namespace = Readonly<Record<string, unknown>>;
/** What is used of the whole of forkless, which scripts/bundle.js makes one file of. */
type Library = {
  readonly readBootValues: typeof readBootValues;
  readonly prepareSpare: typeof prepareSpare;
  readonly awaitOrder: typeof awaitOrder;
};
type Callable = (...args: unknown[]) => unknown;
type ProcessClass = new (...args: unknown[]) => { run(): unknown };

const LIBRARY = '../lib/forkless.cjs';
const STATE = Symbol.for('forkless.process');
const BASE_CLASS = Symbol.for('forkless.Process');
const OWN = Symbol.for('forkless.own');
const ADDON = Symbol.for('forkless.addon');
const GUARD_HINT = 'it is started by forkless, with a place in shared memory to read from';

/** A boot record, taken apart. */
interface Boot {
  readonly head: BootHead;
  readonly key: Uint8Array;
  readonly identity: Uint8Array;
  readonly message: Uint8Array;
}

const { binding, record } = enterFamily();
let boot = readRecord(record);
const { root, parent, tied, desk, startMethod } = boot.head;

// A thread ends with its process anyway.
if (startMethod !== 'threads') {
  binding.tieChild(root.pid, root.startTime, parent.pid, tied || parent.pid === root.pid);
}
process.on('uncaughtExceptionMonitor', reportUncaught);
process.on('beforeExit', endQuickly);

const { AsyncLocalStorage } = require('node:async_hooks') as typeof import('node:async_hooks');
const importScope = new AsyncLocalStorage<true>();
const state: OwnState = {
  head: boot.head,
  key: boot.key,
  importing: true,
  importScope,
  self: undefined,
  children: 0,
  startMethod: boot.head.startMethod,
};
Object.defineProperty(globalThis, STATE, { value: state });

(desk === undefined ? begin() : beginWithOrder(desk)).catch((error: unknown) => {
  // Out of the promise, so that it is an error like any other that nobody has caught.
  process.nextTick(() => {
    throw error;
  });
});

function readRecord(bytes: Buffer): Boot {
  const headEnd = 4 + bytes.readUInt32LE(0);
  const head = JSON.parse(bytes.toString('utf8', 4, headEnd)) as BootHead;
  const keyEnd = headEnd + head.keyBytes;
  const key = Uint8Array.prototype.slice.call(bytes, headEnd, keyEnd);
  return { head, key, identity: bytes.subarray(0, keyEnd), message: bytes.subarray(keyEnd) };
}

/** Started ahead: loads what most processes need, and waits to be told which one it is. */
async function beginWithOrder(place: BlockPlace): Promise<void> {
  const { prepareSpare, awaitOrder } = require(LIBRARY) as Library;
  // The scope is made ready, too.
  await importScope.run(true, prepareSpare);
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
  boot = readRecord(awaitOrder(place));
  state.head = boot.head;
  state.key = boot.key;
  state.startMethod = boot.head.startMethod;
  await begin();
}

async function begin(): Promise<void> {
  // The identity of a thread's process is another one.
  if (boot.head.startMethod !== 'threads') binding.keepIdentity(boot.identity);
  process.argv.splice(2, Infinity, ...boot.head.argv);
  await run(boot.head);
}

function enterFamily(): { readonly binding: Binding; readonly record: Buffer } {
  const variable = process.env['FORKLESS_CHILD'];
  delete process.env['FORKLESS_CHILD'];
  const [, place, addon] = /^((?:thread\.)?[\d.]+):(.+)$/s.exec(variable ?? '') ?? [];
  if (place === undefined || addon === undefined)
    throw new Error(`${__filename} is no program to be run by hand: ${GUARD_HINT}.`);
  if (place.startsWith('thread.')) return enterAsThread(addon, Number(place.slice('thread.'.length)));
  const [fd = 0, participant = 0, offset = 0, bytes = 0] = place.split('.').map(Number);
  const native = require(addon) as Binding;
  Object.defineProperty(globalThis, ADDON, { value: addon });
  if (native.killPoints) native.killPoint('boot.loaded');
  try {
    const arena = native.joinArena(fd, participant);
    return { binding: native, record: native.takeBootRecord(arena.index, offset, bytes) };
  } catch (error) {
    // The place that was kept for this process is gone with the parent: nobody waits for it any more.
    if ((error as { readonly status?: string }).status === 'gone') process.exit(1);
    throw error;
  }
}

function enterAsThread(addon: string, id: number): { readonly binding: Binding; readonly record: Buffer } {
  const native = require(addon) as Binding;
  const { becomeProcess } = require('../process/own-thread.cjs') as {
    becomeProcess(binding: Binding, id: number): Buffer;
  };
  return { binding: native, record: becomeProcess(native, id) };
}

async function run(head: BootHead): Promise<void> {
  const [callee, Class, values] = await importScope.run(true, async () => {
    const [fn, Subclass] = await Promise.all([load(head.target), load(head.subclass)]);
    return [fn, Subclass, await bootValues(head)] as const;
  });
  state.importing = false;
  // A thread that is cut off while it imports leaves the files open that it reads.
  if (head.startMethod === 'threads' && !binding.settleThread()) process.exit();
  // A module that has left nothing behind cannot go on later: no need to follow its trace through all that comes.
  if (process.getActiveResourcesInfo().length === 0) importScope.disable();
  const { args, kwargs, fields } = values;
  const Subclass = Class ?? values.subclass;
  const target = callee ?? values.target;
  if (Subclass !== undefined)
    return void (await runInstance(Subclass as ProcessClass, { target, args, kwargs }, fields));
  if (target !== undefined) await (target as Callable)(...args, ...(kwargs === undefined ? [] : [kwargs]));
}

async function load(reference: BootReference | undefined): Promise<unknown> {
  if (reference === undefined) return undefined;
  const found =
    reference.path === undefined
      ? exportOf((await import(reference.module)) as Namespace, reference.name)
      : exportOf({ default: require(reference.path) as Namespace }, reference.name);
  if (typeof found === 'function') return found;
  throw new Error(`The module ${reference.module} exports no function or class '${reference.name}'.`);
}

/** Not all exports of a CommonJS module can be read off its source: its default export, `module.exports`, has the others. */
function exportOf(namespace: Namespace, name: string): unknown {
  const direct = namespace[name];
  return typeof direct === 'function' ? direct : (namespace['default'] as Namespace | undefined)?.[name];
}

async function bootValues(head: BootHead): Promise<BootValues> {
  if (head.plain !== undefined) return head.plain;
  const { readBootValues } = require(LIBRARY) as Library;
  return readBootValues(head, boot.message);
}

/** Makes the object without the constructor of the subclass, which has run in the parent. */
function runInstance(Class: ProcessClass, call: object, fields: BootValues['fields']): unknown {
  let Base: ProcessClass | null = Class;
  while (Base !== null && !Object.hasOwn(Base, BASE_CLASS)) Base = Object.getPrototypeOf(Base) as ProcessClass | null;
  if (Base === null) throw new Error(`${Class.name} is not a subclass of Process.`);
  const { name, daemon, path } = boot.head;
  const instance = Reflect.construct(Base, [{ [OWN]: true, name, daemon, path, ...call }], Class) as { run(): unknown };
  for (const [key, value] of Object.entries(fields ?? {})) {
    Object.defineProperty(instance, key, { value, writable: true, enumerable: true, configurable: true });
  }
  state.self = instance;
  return instance.run();
}

function reportUncaught(error: unknown): void {
  if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()) return;
  const { inspect } = require('node:util') as typeof import('node:util');
  process.stderr.write(`Process ${boot.head.name}:\n${inspect(error)}\n`);
  process.exit(1);
}

/** Nothing is left to do: leaves without taking the JavaScript engine apart first. */
function endQuickly(): void {
  if (process.listenerCount('beforeExit') === 1) process.exit();
}
