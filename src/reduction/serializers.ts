import * as v8 from 'node:v8';

import { PortableDeserializer } from './portable/deserializer.ts';
import { PortableSerializer } from './portable/serializer.ts';

declare module 'node:v8' {
  // Documented, but not in the types.
  interface Serializer {
    _setTreatArrayBufferViewsAsHostObjects(flag: boolean): void;
  }
}

/** Bun has the names, and classes that throw. */
const hasOwn = works(() => new v8.Serializer());

/** V8's own serializer where there is one; otherwise ours, which writes the same. */
export const Serializer: typeof v8.Serializer = hasOwn
  ? v8.Serializer
  : (PortableSerializer as unknown as typeof v8.Serializer);

export const Deserializer: typeof v8.Deserializer = hasOwn
  ? v8.Deserializer
  : (PortableDeserializer as unknown as typeof v8.Deserializer);

function works(use: () => unknown): boolean {
  try {
    use();
    return true;
  } catch {
    return false;
  }
}
