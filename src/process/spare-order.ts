/**
 * What a spare is told: what every child is, and what others are given when they are spawned. The bytes:
 *
 *   u32 little-endian   length of the JSON text
 *   JSON (UTF-8)        SpareHead
 *   record              the boot record, as any child's
 */

/** The part of the order that is about the moment of the start. */
export interface SpareHead {
  /** Blocks that the boot record refers to. */
  readonly held: readonly (readonly [place: number, stamp: number])[];
  /** Variables that have changed since the spare was spawned; null = there is none any more. */
  readonly environment: readonly (readonly [name: string, value: string | null])[];
}

/** Puts an order together. */
export function encodeSpareOrder(head: SpareHead, record: Uint8Array): Buffer {
  const text = JSON.stringify(head);
  const recordAt = 4 + Buffer.byteLength(text);
  const order = Buffer.allocUnsafe(recordAt + record.byteLength);
  order.writeUInt32LE(recordAt - 4);
  order.write(text, 4);
  order.set(record, recordAt);
  return order;
}

/** Takes an order apart. */
export function decodeSpareOrder(order: Buffer): { readonly head: SpareHead; readonly record: Buffer } {
  const end = 4 + order.readUInt32LE(0);
  return { head: JSON.parse(order.toString('utf8', 4, end)) as SpareHead, record: order.subarray(end) };
}
