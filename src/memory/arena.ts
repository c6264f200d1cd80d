import { threadId } from 'node:worker_threads';

import { binding } from '../native/binding.ts';
import type { ArenaInfo, HeapStatistics, ParticipantInfo } from '../native/binding.ts';
import { attempt, statusOf } from '../native/failure.ts';
import { SerializationError } from '../support/errors.ts';
import { layout } from './layout.ts';
import { load, wordsOf } from './words.ts';
import type { Words } from './words.ts';

/** How another process finds an arena. Holds no secret: whoever may open the memory file is of the same user. */
export interface ArenaReference {
  readonly family: string;
  /** Of a named arena. */
  readonly name?: string;
  /** A process that has the memory file open, and its descriptor there. */
  readonly pid?: number;
  readonly fd?: number;
}

const SLOT_MASK = (1 << layout.slotBits) - 1;
const LIVE = layout.stateLive;

/** A memory file that this environment takes part in. */
export class Arena {
  readonly index: number;
  readonly fd: number;
  readonly family: string;
  readonly maxBytes: number;
  readonly name: string | undefined;
  /** Participant id of this environment: what it writes into the words that it owns. */
  readonly self: number;
  /** Its place in the participant table, and in what has a record for each participant. */
  readonly slot: number;
  /** The participant table, as words. */
  readonly table: Words;
  /** Called after this environment has woken others; its own event loop's waits are looked at then. */
  afterWake: (() => void) | undefined;
  /** Tries the waits of this environment's event loop at once: an object of it has been closed. */
  endWaits: (() => void) | undefined;

  constructor(info: ArenaInfo, name?: string) {
    this.index = info.index;
    this.fd = info.fd;
    this.family = info.family;
    this.maxBytes = info.maxBytes;
    this.self = info.self;
    this.slot = info.self & SLOT_MASK;
    this.name = name;
    const bytes = layout.participantSlots * layout.participantBytes;
    this.table = wordsOf(binding.view(info.index, layout.participantsOffset, bytes));
  }

  /** Whether the participant is still there, as far as the table knows. */
  isLive(participant: number): boolean {
    const state = load(
      this.table,
      ((participant & SLOT_MASK) * layout.participantBytes + layout.participantState) >> 2,
    );
    return state === (((participant >> layout.slotBits) << 4) | LIVE);
  }

  /** Asks the system whether the participant is still there, and recovers it if it is not. */
  probe(participant: number): boolean {
    return binding.probeParticipant(this.index, participant);
  }

  participants(): ParticipantInfo[] {
    return binding.participants(this.index);
  }

  statistics(): HeapStatistics {
    return binding.heapStatistics(this.index);
  }

  /** For a handle that another process will read. */
  reference(): ArenaReference {
    return this.name === undefined
      ? { family: this.family, pid: process.pid, fd: this.fd }
      : { family: this.family, name: this.name };
  }
}

const arenas = new Map<string, Arena>();
let ownFamily: Arena | undefined;

/** The name under which this environment registers; the process layer sets a better one. */
function participantName(): string {
  return threadId === 0 ? `pid ${process.pid}` : `pid ${process.pid} thread ${threadId}`;
}

function enter(info: ArenaInfo, name?: string): Arena {
  const known = arenas.get(info.family);
  if (known !== undefined && known.self === info.self) return known;
  const arena = new Arena(info, name);
  arenas.set(info.family, arena);
  return arena;
}

function requestedMaxBytes(): number {
  const text = process.env['FORKLESS_MAX_BYTES'];
  if (text === undefined) return 0;
  const bytes = Number(text);
  if (!Number.isSafeInteger(bytes) || bytes < 4 << 20) {
    throw new RangeError(`FORKLESS_MAX_BYTES must be a whole number of bytes, at least 4194304; it is "${text}"`);
  }
  return bytes;
}

/**
 * The shared memory of this process' family; the first process makes it, children join it at their start.
 * @throws ResourceError when the system refuses the memory file.
 */
export function familyArena(): Arena {
  ownFamily ??= enter(
    attempt("create the family's shared memory", () => binding.family(requestedMaxBytes(), participantName())),
  );
  return ownFamily;
}

/** Makes a named arena that nobody can open before `publish`. */
export function createNamedArena(name: string, maxBytes: number): Arena {
  const info = attempt(`create "${name}"`, () => binding.createNamed(name, maxBytes, participantName()));
  return countOpen(enter(info, name));
}

export function publishNamedArena(arena: Arena, root: number): void {
  binding.publishNamed(arena.index, root);
}

/** Opens a named arena; `root` is the offset of its object. */
export function openNamedArena(name: string): { arena: Arena; root: number } {
  const info = attempt(`open "${name}"`, () => binding.openNamed(name, participantName()));
  return { arena: countOpen(enter(info, name)), root: info.root };
}

/** How many objects of this environment are open on each named arena. */
const openObjects = new Map<Arena, number>();

function countOpen(arena: Arena): Arena {
  openObjects.set(arena, (openObjects.get(arena) ?? 0) + 1);
  return arena;
}

/** Gives a named arena back once for every time it was created or opened; its name goes with its last user. */
export function leaveArena(arena: Arena): void {
  const others = (openObjects.get(arena) ?? 1) - 1;
  if (others > 0) {
    openObjects.set(arena, others);
    return;
  }
  openObjects.delete(arena);
  arenas.delete(arena.family);
  binding.leaveArena(arena.index);
}

/**
 * Finds the arena of a handle: our own, one that we know, a named one, or that of another process of the same user.
 * @throws SerializationError when nobody has it open any more.
 */
export function arenaOf(reference: ArenaReference): Arena {
  const known = arenas.get(reference.family) ?? (ownFamily === undefined ? joinedFamily(reference.family) : undefined);
  if (known !== undefined) return known;
  const { name, pid, fd, family } = reference;
  if (name !== undefined) return openNamedArena(name).arena;
  if (pid === undefined || fd === undefined) throw new SerializationError('The handle names no arena: it is damaged.');
  try {
    const info = binding.joinFamilyOf(pid, fd, family, participantName());
    return enter(info);
  } catch (error) {
    if (statusOf(error) === undefined) throw error;
    throw new SerializationError(
      `The object of this handle cannot be reached: process ${pid}, which made the handle, has ended or belongs to another user. ` +
        'Make the handle in a process that lives at least until the receiver has read it.',
      { cause: error },
    );
  }
}

/** A child's family, if it is the one that is looked for: so that a child that only receives makes none of its own. */
function joinedFamily(family: string): Arena | undefined {
  if (!hasJoinedFamily()) return undefined;
  const own = familyArena();
  return own.family === family ? own : undefined;
}

let joined = false;

/** Told by the process layer when this process was started into a family. */
export function markJoined(): void {
  joined = true;
}

function hasJoinedFamily(): boolean {
  // A worker thread of a process that has a family finds it there.
  return joined || threadId !== 0;
}
