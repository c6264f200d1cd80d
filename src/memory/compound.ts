import { binding } from '../native/binding.ts';
import { attempt } from '../native/failure.ts';
import type { Arena } from './arena.ts';
import { Block } from './heap.ts';
import { layout } from './layout.ts';
import { load } from './words.ts';

/** Part of the kind of every block that can hold others, and be held in roles (native/core/layout.h, CompoundHeader). */
export const COMPOUND: number = layout.compoundKind;

/** Where the owner's part of a compound block begins, in bytes. */
export const COMPOUND_BYTES: number = layout.compoundBytes;

const VACATED = layout.compoundVacated >> 2;
const SIGNALS = layout.compoundSignals >> 2;

/** What tells a block from others, and from later ones at the same place. */
export interface BlockId {
  readonly offset: number;
  readonly stamp: number;
}

/**
 * Allocates shared memory that is not cleared: for what is filled at once.
 * @throws ResourceError when the arena is full or can never be that large.
 */
export function allocateForFilling(arena: Arena, bytes: number, kind: number): Block {
  const [offset, stamp] = attempt(`allocate ${bytes} bytes of shared memory`, () =>
    binding.allocateAny(arena.index, bytes, kind),
  );
  return new Block(arena, offset, stamp, bytes, kind);
}

/**
 * Keeps a block alive as long as `holder` is, or until `dropFor`.
 * @throws ResourceError when one of them has gone, or there are too many holds.
 */
export function holdFor(holder: Block, { offset, stamp }: BlockId): void {
  attempt('keep a shared object', () => binding.hold(holder.arena.index, offset, stamp, holder.offset));
}

/** Gives a hold of `holder` back; nothing happens when it has none on this very block. */
export function dropFor(holder: Block, { offset, stamp }: BlockId): void {
  binding.drop(holder.arena.index, offset, holder.offset, stamp);
}

/** Whether nobody holds the block in this role any more. */
export function isVacated(block: Block, role: number): boolean {
  return (load(block.words, VACATED) & (1 << role)) !== 0;
}

/** Has a signal of the block (its offset there, in bytes) told when a role is vacated. */
export function announceVacancy(block: Block, number: number, signal: number): void {
  block.words[SIGNALS + number] = signal;
}

/** Who holds the block in this role, as participants; 0 = it is under way. */
export function heldBy(block: Block, role: number): number[] {
  return binding.holders(block.arena.index, block.offset + role);
}
