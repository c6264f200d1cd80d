import { Pool } from '../../pool/pool.ts';
import { ArrayReferent } from '../referents/array-referent.ts';
import type { Key } from '../referents/dict-store.ts';
import { entriesOf } from '../referents/dict-referent.ts';
import { NamespaceReferent } from '../referents/namespace-referent.ts';
import { ObjectReferent } from '../referents/object-referent.ts';
import { ValueReferent } from '../referents/value-referent.ts';
import type { ServedType } from './hub.ts';

const POOL_METHODS = ['apply', 'map', 'starmap', 'close', 'terminate', 'join'];

/** The types of a server: those that were registered, and those of every SyncManager if it is one. */
export function typesOf(isSync: boolean, registered: ReadonlyMap<string, ServedType>): Map<string, ServedType> {
  return new Map<string, ServedType>([...(isSync ? syncTypes() : []), ...registered]);
}

function syncTypes(): Map<string, ServedType> {
  return new Map<string, ServedType>([
    ['dict', { callable: (entries: unknown = []) => new Map<Key, unknown>(entriesOf(entries)) }],
    ['list', { callable: (items: Iterable<unknown> = []) => Array.from(items) }],
    ['Namespace', { callable: (attributes: Record<string, unknown> = {}) => new NamespaceReferent(attributes) }],
    ['Value', { callable: (type: unknown, value: unknown) => new ValueReferent(type, value) }],
    ['Array', { callable: (type: unknown, init: unknown) => new ArrayReferent(type, init) }],
    ['Pool', { callable: makePool }],
  ]);
}

function makePool(options?: number): ObjectReferent {
  const pool = new Pool(options);
  return new ObjectReferent(pool, POOL_METHODS, () => pool.terminate());
}
