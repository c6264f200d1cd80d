import { type Connection, Pipe, type PipeOptions } from '../../dist/index.js';
import { keep } from './primitives.ts';

/** The forms of sending and receiving (fixtures/transport/forms.js). */
export const FORMS = ['async', 'sync', 'try'] as const;

/** Sizes of messages on both sides of every limit: words, the copying loop, inline and parcels, what may be under way. */
export const SIZES: readonly number[] = [
  ...[0, 1, 2, 3, 4, 5, 255, 256, 257, 4000, 4016, 4096, 16_336, 20_000, 32_767, 32_768, 32_769],
  ...[65_536, 1_000_003, 1 << 24, 40_000_000],
];

/** A pipe whose ends are closed after the test. */
export function pipe(options?: PipeOptions): [Connection, Connection] {
  const [one, two] = Pipe(options);
  return [keep(one), keep(two)];
}

const LARGE = 1 << 24;
const large = new Map<number, Uint8Array<ArrayBuffer>>();

/** Bytes that tell where they should be. Those of large ones are the same each time. */
export function pattern(size: number): Uint8Array<ArrayBuffer> {
  const known = large.get(size);
  if (known !== undefined) return known;
  const bytes = new Uint8Array(size);
  if (size >= LARGE) large.set(size, bytes);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8) + size) & 255;
  return bytes;
}

export function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/** What a call throws, or its promise is rejected with. */
export async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error('There was no error');
}
