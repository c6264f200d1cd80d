import { fileURLToPath } from 'node:url';

import { encode } from '../reduction/codec.ts';
import { loadedExports } from '../reduction/commonjs-exports.ts';
import type { Reference } from '../reduction/reference.ts';
import { encodeBootRecord, type BootHead, type BootReference, type BootValues } from './boot-record.ts';
import { ownIdentity, ownState } from './own-state.ts';
import { isPlain } from './plain.ts';
import type { ProcessOptions, Stdio } from './process-options.ts';
import type { StartMethod } from './start-method.ts';
import type { StdioStreams } from './stdio-streams.ts';
import type { WatchedProcess } from './watched-process.ts';

/** All that is needed to start a process, whatever the method. */
export interface StartOrder extends Pick<ProcessOptions, 'env' | 'execArgv' | 'cwd'> {
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

/** What a start gives back. */
export interface Started {
  readonly child: WatchedProcess;
  readonly streams: StdioStreams;
}

/**
 * What a process is told about itself.
 * @throws SerializationError when the values cannot travel.
 */
export function bootRecord(order: StartOrder, startMethod: StartMethod): Uint8Array {
  const { values } = order;
  const { target, subclass, args, kwargs, fields } = values;
  const isPlainCall = isPlain(args) && isPlain(kwargs ?? null) && isPlain(fields ?? null);
  const plain = target === undefined && subclass === undefined && isPlainCall ? values : undefined;
  const message = plain === undefined ? encode(values, `process '${order.name}'`) : undefined;
  const own = ownState().head;
  const head: BootHead = {
    name: order.name,
    path: order.path,
    startMethod,
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
