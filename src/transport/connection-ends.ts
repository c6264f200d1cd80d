import { COMPOUND } from '../memory/compound.ts';
import type { Block } from '../memory/heap.ts';
import { heldBy } from '../memory/compound.ts';
import { awaitedBy, hasOnlyThisWait } from '../synchronize/activity.ts';
import { MessageStream } from './message-stream.ts';

/*
 * A pipe is a block with two streams, whose ends are roles in which it is held:
 *
 *     end 1  --stream 0-->  end 2      a stream ends for its reader when nobody holds the writer's role any more and all
 *     end 1  <--stream 1--  end 2      is read, for its writer when nobody holds the reader's
 *
 * In a pipe of one direction stream 0 is not used.
 */
export const DUPLEX_KIND: number = COMPOUND + 0x50495032;
export const SIMPLEX_KIND: number = COMPOUND + 0x50495031;
/** The bits that both kinds have in common. */
export const PIPE_MASK: number = ~(DUPLEX_KIND ^ SIMPLEX_KIND);

export const END_ONE = 1;
export const END_TWO = 2;

/** The streams of an end. */
export interface Ends {
  readonly incoming: MessageStream | undefined;
  readonly outgoing: MessageStream | undefined;
}

/** The streams of the end that a block is held as. */
export function endsOf(block: Block): Ends {
  const there = new MessageStream(block, 0, { writer: END_ONE, reader: END_TWO }, (isBlocking) =>
    isDeserted(block, END_ONE, isBlocking),
  );
  const back = new MessageStream(block, 1, { writer: END_TWO, reader: END_ONE }, (isBlocking) =>
    isDeserted(block, END_TWO, isBlocking),
  );
  const isDuplex = block.kind === DUPLEX_KIND;
  return block.role === END_ONE
    ? { incoming: back, outgoing: isDuplex ? there : undefined }
    : { incoming: isDuplex ? there : undefined, outgoing: back };
}

/**
 * Whether an end is held only by processes that cannot use it any more: by us, who do nothing but wait for a message, and by
 * those who do nothing but wait for our end. Who gives both ends of a pipe to its children, keeps them and joins the children
 * would otherwise keep the reader waiting for ever, as it does in Python.
 */
function isDeserted(block: Block, role: number, isBlocking: boolean): boolean {
  const { arena } = block;
  return heldBy(block, role).every((holder) =>
    holder === arena.self ? isBlocking || hasOnlyThisWait() : holder !== 0 && awaitedBy(arena, holder) === process.pid,
  );
}
