import { ResourceError } from '../support/errors.ts';
import { createNamedArena, familyArena, leaveArena, openNamedArena, publishNamedArena } from './arena.ts';
import type { Arena } from './arena.ts';
import { attachBlock, attachRoot } from './heap.ts';
import type { Block, BlockReference } from './heap.ts';
import { checkName } from './names.ts';

const NAMED_OVERHEAD_BYTES = 1 << 20;

/** What a block says of itself, and how people call it. */
export interface ObjectKind {
  readonly kind: number;
  /** Which bits of it count; by default all. */
  readonly mask?: number;
  /** The class, as in 'is not a Lock'. */
  readonly title: string;
}

/**
 * Makes the block of a shared object: in the family's memory, or in a named file of its own that others can open.
 * @param bytes of the block, about
 * @param where the call as the user writes it, such as `new Lock()`
 * @throws ResourceError when the memory is full or the name is taken; nothing is left behind then.
 */
export function createObject(
  name: string | undefined,
  bytes: number,
  where: string,
  make: (arena: Arena) => Block,
): Block {
  if (name === undefined) return make(familyArena());
  checkName(name, where);
  const arena = createNamedArena(name, bytes + NAMED_OVERHEAD_BYTES);
  return inNamed(arena, () => {
    const block = make(arena);
    publishNamedArena(arena, block.offset);
    return block;
  });
}

/**
 * Opens the object that somebody has made under a name.
 * @throws ResourceError (ENOENT) when there is none, or when it is of another kind.
 */
export function openObject(name: string, kind: ObjectKind): Block {
  checkName(name, `${kind.title}.open()`);
  const { arena, root } = openNamedArena(name);
  return inNamed(arena, () => ofKind(attachRoot(arena, root), kind));
}

/** Attaches the object that a handle names. */
export function attachObject(reference: BlockReference, kind: ObjectKind): Block {
  const block = attachBlock(reference);
  return block.arena.name === undefined ? ofKind(block, kind) : inNamed(block.arena, () => ofKind(block, kind));
}

/** Gives back what the functions above have taken. */
export function leaveObject(block: Block): void {
  block.release();
  if (block.arena.name !== undefined) leaveArena(block.arena);
}

function ofKind(block: Block, { kind, title, mask = -1 }: ObjectKind): Block {
  if (((block.kind ^ kind) & mask) === 0) return block;
  block.release();
  throw new ResourceError(`The shared object of this name or handle is not a ${title}`);
}

/** What fails leaves no name behind, and nobody registered. */
function inNamed<R>(arena: Arena, make: () => R): R {
  try {
    return make();
  } catch (error) {
    leaveArena(arena);
    throw error;
  }
}
