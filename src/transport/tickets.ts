import { familyArena } from '../memory/arena.ts';
import { allocate, attachBlock } from '../memory/heap.ts';
import type { BlockReference } from '../memory/heap.ts';
import { pause } from '../memory/words.ts';
import { binding } from '../native/binding.ts';
import { attempt } from '../native/failure.ts';
import { ResourceError } from '../support/errors.ts';

/** How a descriptor stands in a message. Holds no secret that lasts: a ticket is good for one fetch. */
export interface TicketForm {
  readonly ticket: string;
  /** Lives as long as the message does, or the process that was started with it. */
  readonly life: BlockReference;
}

const LIFE_BYTES = 16;
const SWEEP_MS = 500;
// How long an orderly end waits for those who are about to fetch what is kept here.
const LINGER_MS = 3000;
const LINGER_LOOK_MS = 2;

/** Tickets and what they live by. */
const kept = new Map<string, BlockReference>();
let sweeper: NodeJS.Timeout | undefined;

/**
 * Keeps a copy of a descriptor in this process for the receiver of a message. When the message is lost, so is the copy.
 * @throws ResourceError when the system refuses.
 */
export function keep(fd: number): TicketForm {
  const life = allocate(familyArena(), LIFE_BYTES);
  const reference = life.reference();
  const ticket = attempt('keep a descriptor for another process', () => binding.keepDescriptor(fd));
  if (!lingers) process.once('exit', linger);
  lingers = true;
  kept.set(ticket, reference);
  // Messages are made in one go: then either it keeps this alive, or nobody does.
  setImmediate(() => life.release());
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
  // A child holds what its arguments refer to; while anybody does, the descriptor is kept.
  using _ = attachBlock(life);
  return attempt('receive a socket: the process that sent it must live until then', () =>
    binding.fetchDescriptor(ticket),
  );
}

/** Who sends a socket and ends has sent it all the same. */
function linger(): void {
  const deadline = performance.now() + LINGER_MS;
  for (sweep(); kept.size > 0 && performance.now() < deadline; sweep()) {
    pause(LINGER_LOOK_MS);
    if (binding.keptDescriptors() === 0) return;
  }
}
let lingers = false;

function sweep(): void {
  for (const [ticket, life] of kept) {
    if (isAlive(life)) continue;
    binding.dropDescriptor(ticket);
    kept.delete(ticket);
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
