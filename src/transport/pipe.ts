import { familyArena } from '../memory/arena.ts';
import { announceVacancy } from '../memory/compound.ts';
import { allocate, holdInRole } from '../memory/heap.ts';
import { checkOptions } from '../support/options.ts';
import { Connection } from './connection.ts';
import { DUPLEX_KIND, END_ONE, END_TWO, SIMPLEX_KIND } from './connection-ends.ts';
import { MessageStream } from './message-stream.ts';
import { signalsOf, streamBlockBytes } from './stream-layout.ts';

export interface PipeOptions {
  /** Default true: both ends send and receive. False: the first only receives, the second only sends. */
  readonly duplex?: boolean;
}

// A sender waits when so much is under way and nobody receives it.
const LIMITS = { maxSize: 1 << 16, maxBytes: 16 << 20 };
const STREAMS = 2;

/**
 * Two ends of a connection, each for this or any other process.
 * Python: `multiprocessing.Pipe`.
 *
 * @throws TypeError for wrong options; ResourceError when the shared memory is full.
 * @example
 * const [parent, child] = Pipe();
 * new Process({ target: serve, args: [child] }).start();
 * child.close(); // so that the child's end is the only one: when it is gone, recv() throws EOFError
 * await parent.send({ question: 6 * 7 });
 * console.log(await parent.recv());
 */
export function Pipe(options: PipeOptions = {}): [Connection, Connection] {
  checkOptions(options, ['duplex'], 'Pipe()');
  const { duplex = true } = options;
  if (typeof duplex !== 'boolean') throw new TypeError(`Pipe(): duplex must be true or false, not ${typeof duplex}`);
  using block = allocate(familyArena(), streamBlockBytes(STREAMS), { kind: duplex ? DUPLEX_KIND : SIMPLEX_KIND });
  for (let stream = 0; stream < STREAMS; stream++) MessageStream.initialize(block, stream, LIMITS);
  signalsOf(block, STREAMS).forEach((signal, number) => announceVacancy(block, number, signal));
  const one = holdInRole(block, END_ONE);
  try {
    return [new Connection(one), new Connection(holdInRole(block, END_TWO))];
  } catch (error) {
    one.release();
    throw error;
  }
}
