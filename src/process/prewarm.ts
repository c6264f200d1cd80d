import { resolve } from 'node:path';
import { isMainThread } from 'node:worker_threads';

import { familyArena } from '../memory/arena.ts';
import { allocate } from '../memory/heap.ts';
import { binding } from '../native/binding.ts';
import { childEnvironment } from './child-environment.ts';
import { inheritedExecArgv } from './exec-arguments.ts';
import { changedVariables, inheritedState, isStopped } from './inherited.ts';
import { encodeSpareOrder } from './spare-order.ts';
import { endSpare, refillSpares, takeSpare, type Spare } from './spares.ts';
import { instructionsFor, spawnWith, type Instructions } from './spawn.ts';
import type { Started, StartOrder } from './start-order.ts';
import { NO_STREAMS } from './stdio-streams.ts';
import { WatchedProcess } from './watched-process.ts';

/**
 * Starts a process: a spare becomes it, or, where none is left or none would be the same, it is spawned as ever.
 * @throws SerializationError when the values cannot travel; ResourceError when the system refuses.
 */
export function startPrewarmed(order: StartOrder): Started {
  const instructions = instructionsFor(order, 'prewarm');
  // The spares are the main thread's: what another thread has started would have to end with it.
  if (!isMainThread) return spawnWith(order, instructions);
  const started = startSpare(order, instructions) ?? spawnWith(order, instructions);
  refillSpares();
  return started;
}

function startSpare(order: StartOrder, instructions: Instructions): Started | undefined {
  const state = isAsInherited(order) ? inheritedState() : undefined;
  if (state === undefined) return undefined;
  const environment = binding.environmentText(childEnvironment(order.env));
  for (let spare = takeSpare(state); spare !== undefined; spare = takeSpare(state)) {
    if (give(spare, instructions, environment)) {
      spare.desk[Symbol.dispose]();
      binding.setDaemon(spare.child.handle, order.daemon);
      return { child: new WatchedProcess(spare.child, !order.daemon), streams: NO_STREAMS };
    }
    endSpare(spare);
  }
  return undefined;
}

/** Whether the options ask for what a spare has anyway. */
function isAsInherited({ stdio, cwd, execArgv }: StartOrder): boolean {
  if (stdio !== 'inherit') return false;
  if (cwd !== undefined && resolve(cwd) !== process.cwd()) return false;
  return execArgv === undefined || JSON.stringify(execArgv) === JSON.stringify(inheritedExecArgv(process.execArgv));
}

function give(spare: Spare, { record, held }: Instructions, environment: string): boolean {
  const changed = changedVariables(spare.environment, environment);
  if (changed === undefined) return false;
  const order = encodeSpareOrder({ held, environment: changed }, record);
  using block = allocate(familyArena(), order.byteLength);
  block.fill(order);
  return spare.desk.give(block, () => isStopped(spare.child.pid));
}
