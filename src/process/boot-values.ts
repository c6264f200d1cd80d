import { markJoined } from '../memory/arena.ts';
import { decode } from '../reduction/codec.ts';
import { resolveModules } from '../reduction/module-table.ts';
import type { BootHead, BootValues } from './boot-record.ts';

/**
 * Reads what is in a boot record behind the identity.
 * @throws SerializationError when a module that it refers to cannot be imported.
 */
export async function readBootValues(head: BootHead, message: Uint8Array): Promise<BootValues> {
  markJoined();
  await resolveModules(head.modules);
  return decode(message, { code: true }) as BootValues;
}
