import { familyArena } from '../memory/arena.ts';
import { collectReferences } from '../memory/heap.ts';
import { binding } from '../native/binding.ts';
import { attempt } from '../native/failure.ts';
import { findAddon } from '../native/load.ts';
import type { NativeChild } from '../native/process-binding.ts';
import { RUNTIME } from '../support/runtime.ts';
import { childEnvironment } from './child-environment.ts';
import { CHILD_PROGRAM } from './child-program.ts';
import { denoArguments } from './deno-arguments.ts';
import { inheritedExecArgv } from './exec-arguments.ts';
import { armProcessEnd } from './process-end.ts';
import type { StartMethod } from './start-method.ts';
import { bootRecord, type Started, type StartOrder } from './start-order.ts';
import { openStdioStreams } from './stdio-streams.ts';
import { listenToEnds, WatchedProcess } from './watched-process.ts';

/** What a process is told, in bytes that can be given only once: sockets in it are given away. */
export interface Instructions {
  readonly record: Uint8Array;
  /** Blocks of the family's arena that the record refers to. The child holds them from the start. */
  readonly held: readonly (readonly [place: number, stamp: number])[];
}

/** How a program is started, whatever it is told. */
interface ChildPlan extends Pick<StartOrder, 'name' | 'daemon' | 'stdio' | 'env' | 'execArgv' | 'cwd'> {
  /** For people who list processes. Default: its name. */
  readonly label?: string;
}

/**
 * Starts a process. It is spawned when this returns.
 * @throws SerializationError when the values cannot travel; ResourceError when the system refuses.
 */
export function spawnProcess(order: StartOrder): Started {
  return spawnWith(order, instructionsFor(order, 'spawn'));
}

/** @throws SerializationError when the values cannot travel. */
export function instructionsFor(order: StartOrder, startMethod: StartMethod): Instructions {
  const { result: record, blocks } = collectReferences(() => bootRecord(order, startMethod));
  const arena = familyArena();
  const held = blocks.filter((block) => block.arena === arena).map(({ place, stamp }) => [place, stamp] as const);
  return { record, held };
}

/** @throws ResourceError when the system refuses. */
export function spawnWith(order: StartOrder, instructions: Instructions): Started {
  const native = spawnChild(order, instructions);
  return { child: new WatchedProcess(native, !order.daemon), streams: openStdioStreams(native.pipes) };
}

/**
 * Starts the program of a child.
 * @throws ResourceError when the system refuses.
 */
export function spawnChild(plan: ChildPlan, { record, held }: Instructions): NativeChild {
  listenToEnds();
  const where = plan.cwd === undefined ? '' : ` in ${plan.cwd}`;
  const child = attempt(`start process '${plan.name}'${where}`, () =>
    binding.startChild({
      file: process.execPath,
      // The child takes the label off again.
      arguments: [process.argv0, ...execArgv(plan), CHILD_PROGRAM, plan.label ?? plan.name],
      environment: childEnvironment(plan.env),
      directory: plan.cwd ?? '',
      stdio: plan.stdio,
      daemon: plan.daemon,
      arena: familyArena().index,
      name: plan.name,
      record,
      addon: (addon ??= findAddon()),
      held,
    }),
  );
  armProcessEnd();
  return child;
}
let addon: string | undefined;

function execArgv(plan: ChildPlan): readonly string[] {
  if (plan.execArgv !== undefined) return plan.execArgv;
  return RUNTIME === 'deno' ? denoArguments() : inheritedExecArgv(process.execArgv);
}
