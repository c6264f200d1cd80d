import { constants } from 'node:os';

import { binding } from '../native/binding.ts';
import type { NativeChild } from '../native/process-binding.ts';
import { encodeBootRecord, type BootHead } from './boot-record.ts';
import { childEnvironment } from './child-environment.ts';
import { cpuCount } from './cpu-count.ts';
import { inheritedState } from './inherited.ts';
import { OrderDesk } from './order-desk.ts';
import { ownIdentity, ownState } from './own-state.ts';
import { spawnChild } from './spawn.ts';

/** A process that was started ahead, and is nobody yet. It belongs to no `Process` object, and counts as no child. */
export interface Spare {
  readonly child: NativeChild;
  readonly desk: OrderDesk;
  /** What it has taken over from this process, and its environment. */
  readonly state: string;
  readonly environment: string;
}

/** Each takes the memory of a Node process. */
const SPARES_MOST = 4;
/** In a child, of which there may be many. */
const SPARES_OF_CHILD = 1;
/** What has just been started is to run before others are started ahead. */
const REFILL_MS = 20;
const NAME = 'spare';
/** A process can change its label, but not make it longer. */
const LABEL = NAME.padEnd(32);

const spares: Spare[] = [];
let wanted: number | undefined;
let refill: NodeJS.Timeout | undefined;
let missing = 0;

/**
 * Starts spares until there are so many (undefined = the default), and ends those that are too many or too old. A child starts
 * them later, when it has started a process: it may set its start method while its module is imported, and start nothing ever.
 * @throws ResourceError when the system refuses
 */
export function keepSpares(count: number | undefined): void {
  wanted = count;
  if (ownState().head !== undefined) return;
  const state = inheritedState();
  drop((spare, at) => at >= spareCount() || spare.state !== state || hasEnded(spare));
  if (state === undefined) return;
  while (spares.length < spareCount()) spares.push(startSpare(state));
}

/** Ends all that wait. Others are started when a process is started that could have been one of them. */
export function endSpares(): void {
  wanted = undefined;
  missing = 0;
  drop(() => true);
}

/** Has the missing ones started by and by. Does not keep the program alive. */
export function refillSpares(): void {
  missing = spareCount() - spares.length;
  refill ??= setTimeout(refillOne, REFILL_MS).unref();
}

/** A spare that waits for its order, and is as one would be that is started now. */
export function takeSpare(state: string): Spare | undefined {
  drop((spare) => spare.state !== state || hasEnded(spare));
  const at = spares.findIndex(({ desk }) => desk.isWaiting);
  return at < 0 ? undefined : spares.splice(at, 1)[0];
}

/** Ends a spare. */
export function endSpare({ child, desk }: Spare): void {
  binding.signalProcess(child.handle, constants.signals.SIGKILL);
  desk[Symbol.dispose]();
}

function spareCount(): number {
  return wanted ?? (ownState().head === undefined ? Math.min(cpuCount(), SPARES_MOST) : SPARES_OF_CHILD);
}

function refillOne(): void {
  refill = undefined;
  const state = inheritedState();
  if (state === undefined || missing <= 0 || spares.length >= spareCount()) return;
  missing -= 1;
  try {
    spares.push(startSpare(state));
  } catch {
    // There is no room for it now. The next process is started anew, and says so if that fails, too.
    return;
  }
  refill = setTimeout(refillOne, REFILL_MS).unref();
}

function startSpare(state: string): Spare {
  const desk = OrderDesk.create();
  try {
    const { offset, stamp } = desk.place;
    const child = spawnChild(
      { name: NAME, label: LABEL, daemon: true, stdio: 'inherit', env: undefined, execArgv: undefined, cwd: undefined },
      { record: spareRecord(desk), held: [[offset, stamp]] },
    );
    return { child, desk, state, environment: binding.environmentText(childEnvironment()) };
  } catch (error) {
    desk[Symbol.dispose]();
    throw error;
  }
}

function spareRecord(desk: OrderDesk): Uint8Array {
  const root = ownState().head?.root ?? ownIdentity();
  const head: BootHead = {
    name: NAME,
    path: [],
    startMethod: 'prewarm',
    daemon: true,
    tied: true,
    parent: { ...ownIdentity(), name: '' },
    root,
    argv: [],
    target: undefined,
    subclass: undefined,
    modules: [],
    plain: undefined,
    keyBytes: 0,
    desk: desk.place,
  };
  return encodeBootRecord(head, new Uint8Array(0), undefined);
}

function hasEnded({ child }: Spare): boolean {
  return binding.processExitCode(child.handle) !== null;
}

function drop(isUseless: (spare: Spare, at: number) => boolean): void {
  for (let at = spares.length - 1; at >= 0; at--) {
    const spare = spares[at] as Spare;
    if (!isUseless(spare, at)) continue;
    spares.splice(at, 1);
    endSpare(spare);
  }
}
