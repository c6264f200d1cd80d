import { familyArena } from '../memory/arena.ts';
import { allocate, attachBlock } from '../memory/heap.ts';
import type { Block, BlockReference } from '../memory/heap.ts';
import { binding } from '../native/binding.ts';
import { attempt } from '../native/failure.ts';
import { ResourceError } from '../support/errors.ts';

/** How a descriptor stands in a message. Holds no secret that lasts: a ticket is good for one fetch. */
export interface TicketForm {
  readonly ticket: string;
  /** Lives as long as the message does, or the process that was started with it. */
  readonly life: BlockReference;
}

interface Kept {
  readonly ticket: string;
  readonly life: Block;
  readonly reference: BlockReference;
  readonly since: number;
}

const LIFE_BYTES = 16;
// By then what was being written is in a message that keeps it alive, or was given up.
const SWEEP_MS = 2000;

const kept = new Set<Kept>();
let sweeper: NodeJS.Timeout | undefined;

/**
 * Keeps a copy of a descriptor in this process for the receiver of a message. When the message is lost, so is the copy.
 * @throws ResourceError when the system refuses.
 */
export function keep(fd: number): TicketForm {
  const life = allocate(familyArena(), LIFE_BYTES);
  const reference = life.reference();
  const ticket = attempt('keep a descriptor for another process', () => binding.keepDescriptor(fd));
  kept.add({ ticket, life, reference, since: performance.now() });
  sweeper ??= setInterval(sweep, SWEEP_MS).unref();
  return { ticket, life: reference };
}

/** Gives up what was kept: the message was not made. */
export function giveUp({ ticket }: TicketForm): void {
  binding.dropDescriptor(ticket);
}

/**
 * The descriptor, as one of this process.
 * @throws ResourceError when the process that kept it has ended, or somebody else has fetched it.
 */
export function fetch({ ticket, life }: TicketForm): number {
  // Nothing else holds it here: a child holds what its arguments refer to.
  attachBlock(life).release();
  return attempt('receive a socket: the process that sent it must live until then', () =>
    binding.fetchDescriptor(ticket),
  );
}

function sweep(): void {
  for (const entry of kept) {
    if (performance.now() - entry.since < SWEEP_MS) continue;
    entry.life.release();
    if (isAlive(entry.reference)) continue;
    binding.dropDescriptor(entry.ticket);
    kept.delete(entry);
  }
  if (kept.size !== 0) return;
  clearInterval(sweeper);
  sweeper = undefined;
}

function isAlive(reference: BlockReference): boolean {
  try {
    attachBlock(reference).release();
    return true;
  } catch (error) {
    if (error instanceof ResourceError) return false;
    throw error;
  }
}
