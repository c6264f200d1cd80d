import { Lock, RawArray, RawValue, SharedArray, struct, Value } from 'forkless';
import type { SharedArrayOf, SharedRawValue, SharedValue } from 'forkless';

const Point = struct({ x: 'd', id: 'q', tags: ['h', 3] });
const Line = struct({ from: Point, corners: [Point, 2] });

export const number: number = Value('i').value;
export const bigint: bigint = Value('q', 5n).value;
export const added: number = Value('uint8', 1, { lock: new Lock() }).add(1);
export const addedBig: bigint = Value('int64', { lock: true }).add(1n);
export const raw: SharedRawValue<'i'> = Value('i', 5, { lock: false });
export const rawBig: bigint = RawValue('Q').value;
export const flag: SharedValue<'?'> = Value('?', true);
flag.value = false;

export const x: number = Value(Point, { x: 1 }).value.x;
export const id: bigint = RawValue(Line).value.from.id;
export const tags: Int16Array = Value(Point, 1, 2n, [1, 2, 3]).value.tags;
export const corner: bigint | undefined = RawArray(Line, 2)[0]?.corners[1]?.id;
export const offset: number = Point.offsets.tags;
Value(Point).value = { x: 5 };

export const doubles: Float64Array = SharedArray('d', 10);
export const synchronized: SharedArrayOf<'i'> = SharedArray('i', [1, 2]);
export const result: Promise<string> = synchronized.with(() => 'x');
export const replaced: Int32Array = synchronized.with(0, 1);
export const plain: BigInt64Array = SharedArray('q', 1, { lock: false });

// @ts-expect-error: a bigint is needed
Value('q', 5);
// @ts-expect-error: a bigint is needed
Value('q').add(1);
// @ts-expect-error: only whole numbers have atomic operations
Value('d').add(1);
// @ts-expect-error: nor has a struct
Value(Point).add(1);
// @ts-expect-error: an unknown type
Value('x');
// @ts-expect-error: text is no lock
Value('i', 5, { lock: 'x' });
// @ts-expect-error: without a lock there is none to get
export const noLock: { getLock: unknown } = Value('i', 5, { lock: false });
// @ts-expect-error: an unknown field
RawValue(Point, { z: 1 });
// @ts-expect-error: a field of another type
RawValue(Point, { x: '1' });
// @ts-expect-error: an unknown type of a field
struct({ x: 'z' });
// @ts-expect-error: text among numbers
SharedArray('i', ['1']);
// @ts-expect-error: without a lock there is none to hold
export const noHold: { hold: unknown } = SharedArray('i', 1, { lock: false });
