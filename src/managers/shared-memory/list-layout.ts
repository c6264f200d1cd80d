import { dataViewOf } from '../../memory/words.ts';
import { ResourceError } from '../../support/errors.ts';

/*
 * The memory of a ShareableList, as Python lays it out, with N items:
 *
 *   8 bytes          N
 *   (N + 1) * 8      where each item begins, from the beginning of the items on, and where the last one ends
 *   the items        each a multiple of 8 bytes
 *   N * 8            how each item is packed, as Python's struct says it, zeros after it
 *   N                what it is: CODE
 *
 * All numbers are 64 bits, in the order of the machine, which is little-endian wherever this runs.
 *
 *   'q'        a whole number            'd'        another one
 *   'xxxxxxx?' true or false             'xxxxxx?x' None
 *   '16s'      text or bytes; zeros at the end do not count (Python's way, which takes those away that were in the value)
 *   '5sx'      exactly 5 bytes: ours, for values that end with zeros; Python reads it, and packs it anew when it writes
 */
export const CODE = { plain: 0, text: 1, bytes: 2, none: 3 } as const;

/** How much of it is an item's at least. */
export const ALIGNMENT = 8;
export const FORMAT_BYTES = 8;
const WORD = 8;

/** Where things are in the memory of a list. */
export interface ListLayout {
  readonly length: number;
  /** Of each item, in the whole memory, and one more: where the last one ends. */
  readonly starts: readonly number[];
  /** Where the first format is. */
  readonly formats: number;
  /** Where the first code is. */
  readonly codes: number;
  readonly bytes: number;
}

/** @param capacities - bytes for each item */
export function newLayout(capacities: readonly number[]): ListLayout {
  const starts = [dataStart(capacities.length)];
  for (const capacity of capacities) starts.push((starts.at(-1) as number) + capacity);
  return layoutOf(starts);
}

function layoutOf(starts: readonly number[]): ListLayout {
  const length = starts.length - 1;
  const formats = starts[length] as number;
  const codes = formats + length * FORMAT_BYTES;
  return { length, starts, formats, codes, bytes: codes + length };
}

function dataStart(length: number): number {
  return WORD * (length + 2);
}

export function writeLayout(view: DataView, { length, starts }: ListLayout): void {
  view.setBigInt64(0, BigInt(length), true);
  const first = dataStart(length);
  for (const [i, start] of starts.entries()) view.setBigInt64(WORD * (i + 1), BigInt(start - first), true);
}

/**
 * Reads where things are in a list that somebody else has made.
 * @throws ResourceError when it cannot be one.
 */
export function readLayout(view: DataView, name: string): ListLayout {
  const most = view.byteLength;
  const length = most < 2 * WORD ? -1 : Number(view.getBigInt64(0, true));
  const first = dataStart(length);
  if (length < 0 || first > most) throw isNoList(name);
  const starts: number[] = [];
  for (let i = 0; i <= length; i++) starts.push(first + Number(view.getBigInt64(WORD * (i + 1), true)));
  const rises = starts.every((start, i) => i === 0 || start >= (starts[i - 1] as number) + ALIGNMENT);
  const layout = layoutOf(starts);
  if (starts[0] !== first || !rises || layout.bytes > most) throw isNoList(name);
  return layout;
}

/** All of a block. */
export function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView<ArrayBuffer> {
  return dataViewOf(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isNoList(name: string): ResourceError {
  return new ResourceError(`The shared memory '${name}' is no ShareableList, or its maker has not finished it`);
}
