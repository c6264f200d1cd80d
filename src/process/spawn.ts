import { fileURLToPath } from 'node:url';

import { familyArena } from '../memory/arena.ts';
import { collectReferences } from '../memory/heap.ts';
import { binding } from '../native/binding.ts';
import { attempt } from '../native/failure.ts';
import { findAddon } from '../native/load.ts';
import { encode } from '../reduction/codec.ts';
import { loadedExports } from '../reduction/commonjs-exports.ts';
import type { Reference } from '../reduction/reference.ts';
import { RUNTIME } from '../support/runtime.ts';
import { encodeBootRecord, type BootHead, type BootReference, type BootValues } from './boot-record.ts';
import { childEnvironment } from './child-environment.ts';
import { denoArguments } from './deno-arguments.ts';
import { inheritedExecArgv } from './exec-arguments.ts';
import { ownIdentity, ownState } from './own-state.ts';
import { isPlain } from './plain.ts';
import { armProcessEnd } from './process-end.ts';
import type { ProcessOptions, Stdio } from './process-options.ts';
import { openStdioStreams, type StdioStreams } from './stdio-streams.ts';
import { listenToEnds, WatchedProcess } from './watched-process.ts';

const CHILD_PROGRAM = fileURLToPath(new URL('../entry/child.cjs', import.meta.url));

/** All that is needed to start a process. */
export interface SpawnOrder extends Pick<ProcessOptions, 'env' | 'execArgv' | 'cwd'> {
  readonly name: string;
  readonly path: readonly number[];
  readonly daemon: boolean;
  readonly key: Uint8Array;
  /** The name of the process that orders it. */
  readonly parentName: string;
  readonly target: Reference | undefined;
  readonly subclass: Reference | undefined;
  readonly values: BootValues;
  readonly stdio: Stdio;
}

/**
 * Starts a process. It is spawned when this returns.
 * @throws SerializationError when the values cannot travel; ResourceError when the system refuses.
 */
export function spawnProcess(order: SpawnOrder): { readonly child: WatchedProcess; readonly streams: StdioStreams } {
  const { result: record, blocks } = collectReferences(() => bootRecord(order));
  const arena = familyArena();
  listenToEnds();
  const where = order.cwd === undefined ? '' : ` in ${order.cwd}`;
  const native = attempt(`start process '${order.name}'${where}`, () =>
    binding.startChild({
      file: process.execPath,
      // The name is for people who list processes; the child takes it off again.
      arguments: [process.argv0, ...execArgv(order), CHILD_PROGRAM, order.name],
      environment: childEnvironment(order.env),
      directory: order.cwd ?? '',
      stdio: order.stdio,
      daemon: order.daemon,
      arena: arena.index,
      name: order.name,
      record,
      addon: (addon ??= findAddon()),
      // The child finds what its arguments refer to, even if this process gives it up at once.
      held: blocks.filter((block) => block.arena === arena).map(({ place, stamp }) => [place, stamp] as const),
    }),
  );
  armProcessEnd();
  return { child: new WatchedProcess(native, !order.daemon), streams: openStdioStreams(native.pipes) };
}
let addon: string | undefined;

function bootRecord(order: SpawnOrder): Uint8Array {
  const { values } = order;
  const { target, subclass, args, kwargs, fields } = values;
  const isPlainCall = isPlain(args) && isPlain(kwargs ?? null) && isPlain(fields ?? null);
  const plain = target === undefined && subclass === undefined && isPlainCall ? values : undefined;
  const message = plain === undefined ? encode(values, `process '${order.name}'`) : undefined;
  const own = ownState().head;
  const head: BootHead = {
    name: order.name,
    path: order.path,
    daemon: order.daemon,
    tied: order.daemon || own?.tied === true,
    parent: { ...ownIdentity(), name: order.parentName },
    root: own?.root ?? ownIdentity(),
    argv: process.argv.slice(2),
    target: bootReference(order.target),
    subclass: bootReference(order.subclass),
    modules: message?.modules ?? [],
    plain,
    keyBytes: order.key.byteLength,
  };
  return encodeBootRecord(head, order.key, message?.bytes);
}

function bootReference(reference: Reference | undefined): BootReference | undefined {
  if (reference === undefined) return undefined;
  const { module, name } = reference;
  return { module, name, path: isCommonJs(module) ? fileURLToPath(module) : undefined };
}

function isCommonJs(module: string): boolean {
  if (!module.startsWith('file:') || module.endsWith('.mjs')) return false;
  return module.endsWith('.cjs') || loadedExports(module) !== undefined;
}

function execArgv(order: SpawnOrder): readonly string[] {
  if (order.execArgv !== undefined) return order.execArgv;
  return RUNTIME === 'deno' ? denoArguments() : inheritedExecArgv(process.execArgv);
}
