import { familyArena } from '../memory/arena.ts';
import { collectReferences } from '../memory/heap.ts';
import { binding } from '../native/binding.ts';
import { attempt } from '../native/failure.ts';
import { findAddon } from '../native/load.ts';
import { RUNTIME } from '../support/runtime.ts';
import { childEnvironment } from './child-environment.ts';
import { CHILD_PROGRAM } from './child-program.ts';
import { denoArguments } from './deno-arguments.ts';
import { inheritedExecArgv } from './exec-arguments.ts';
import { armProcessEnd } from './process-end.ts';
import { bootRecord, type Started, type StartOrder } from './start-order.ts';
import { openStdioStreams } from './stdio-streams.ts';
import { listenToEnds, WatchedProcess } from './watched-process.ts';

/**
 * Starts a process. It is spawned when this returns.
 * @throws SerializationError when the values cannot travel; ResourceError when the system refuses.
 */
export function spawnProcess(order: StartOrder): Started {
  const { result: record, blocks } = collectReferences(() => bootRecord(order, 'spawn'));
  const arena = familyArena();
  listenToEnds();
  const where = order.cwd === undefined ? '' : ` in ${order.cwd}`;
  const native = attempt(`start process '${order.name}'${where}`, () =>
    binding.startChild({
      file: process.execPath,
      // The name is for people who list processes; the child takes it off again.
      arguments: [process.argv0, ...execArgv(order), CHILD_PROGRAM, order.name],
      environment: childEnvironment(order.env),
      directory: order.cwd ?? '',
      stdio: order.stdio,
      daemon: order.daemon,
      arena: arena.index,
      name: order.name,
      record,
      addon: (addon ??= findAddon()),
      // The child finds what its arguments refer to, even if this process gives it up at once.
      held: blocks.filter((block) => block.arena === arena).map(({ place, stamp }) => [place, stamp] as const),
    }),
  );
  armProcessEnd();
  return { child: new WatchedProcess(native, !order.daemon), streams: openStdioStreams(native.pipes) };
}
let addon: string | undefined;

function execArgv(order: StartOrder): readonly string[] {
  if (order.execArgv !== undefined) return order.execArgv;
  return RUNTIME === 'deno' ? denoArguments() : inheritedExecArgv(process.execArgv);
}
