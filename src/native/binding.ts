import { setMonotonicNow } from '../support/deadline.ts';
import { RUNTIME } from '../support/runtime.ts';
import { loadAddon } from './load.ts';
import type { ProcessBinding } from './process-binding.ts';
import type { ThreadBinding } from './thread-binding.ts';
import type { SocketBinding } from './socket-binding.ts';

/** What the addon says of an arena and of this environment's place in it. */
export interface ArenaInfo {
  readonly index: number;
  /** Participant id of this environment. */
  readonly self: number;
  readonly fd: number;
  /** 32 hexadecimal digits, different for every arena ever made. */
  readonly family: string;
  readonly maxBytes: number;
  /** Offset of the object of a named arena; 0 = none. */
  readonly root: number;
}

export interface ParticipantInfo {
  readonly id: number;
  readonly pid: number;
  readonly state: 'reserved' | 'live' | 'recovering';
  readonly name: string;
  readonly isService: boolean;
  readonly parks: number;
  readonly rings: number;
}

/** Memory of an arena, in bytes. */
export interface HeapStatistics {
  /** In blocks, with what rounding adds. */
  readonly usedBytes: number;
  /** Size of the part of the file that holds blocks. */
  readonly mappedBytes: number;
  /** Freed memory that is kept for reuse. */
  readonly warmBytes: number;
  readonly holds: number;
}

/** Offsets and constants of native/core/layout.h. */
export interface NativeLayout {
  readonly version: number;
  readonly magicLow: number;
  readonly magicHigh: number;
  readonly headerMagic: number;
  readonly headerVersion: number;
  readonly headerFamily: number;
  readonly headerState: number;
  readonly headerRoot: number;
  readonly headerSlotEnd: number;
  readonly arenaReady: number;
  readonly blockHeaderBytes: number;
  readonly blockStamp: number;
  readonly blockKind: number;
  readonly participantsOffset: number;
  readonly participantSlots: number;
  readonly participantBytes: number;
  readonly participantState: number;
  readonly participantPid: number;
  readonly participantDoorbellArmed: number;
  readonly participantFilter: number;
  readonly participantAwaits: number;
  readonly participantName: number;
  readonly participantNameBytes: number;
  readonly stateLive: number;
  readonly waitPointBytes: number;
  readonly waitPointEvent: number;
  readonly waitPointAsyncBits: number;
  readonly syncWaiters: number;
  readonly asyncWaiters: number;
  readonly eventStep: number;
  readonly ownerLockBytes: number;
  readonly ownerLockWord: number;
  readonly ownerLockPoint: number;
  readonly waitersBit: number;
  readonly slotBits: number;
  readonly compoundKind: number;
  readonly compoundBytes: number;
  readonly compoundVacated: number;
  readonly compoundSignals: number;
  readonly signalWord: number;
}

declare const nativeSemaphore: unique symbol;

/** A POSIX semaphore that this environment has open; `closeSemaphore` or the collector closes it. */
export interface NativeSemaphore {
  readonly [nativeSemaphore]: never;
}

declare const nativeBlock: unique symbol;

/** Named memory that this environment has open; `closeBlock` or the collector ends that. */
export interface NativeBlock {
  readonly [nativeBlock]: never;
}

/** How a wait for a POSIX semaphore ended: 0 = it has its permit, 1 = timed out, 2 = called off. */
export type SemaphoreOutcome = 0 | 1 | 2;

/** The one typed declaration of the addon. Offsets and sizes are bytes; `index` names an arena of this process. */
export interface Binding extends ProcessBinding, ThreadBinding, SocketBinding {
  readonly layout: NativeLayout;
  readonly killPoints: boolean;
  killPoint(name: string): void;

  family(maxBytes: number, participantName: string): ArenaInfo;
  joinArena(fd: number, participantId: number): ArenaInfo;
  joinFamilyOf(pid: number, fd: number, family: string, participantName: string): ArenaInfo;
  createNamed(name: string, maxBytes: number, participantName: string): ArenaInfo;
  publishNamed(index: number, root: number): void;
  openNamed(name: string, participantName: string): ArenaInfo;
  leaveArena(index: number): void;
  view(index: number, offset: number, bytes: number): ArrayBuffer;
  /** Copies bytes into the arena, without a view of it. */
  copyIn(index: number, offset: number, bytes: Uint8Array): void;
  /** Fills `bytes` from the arena, without a view of it. */
  copyOut(index: number, offset: number, bytes: Uint8Array): void;
  /** Ends a view: what is over it is empty from then on. False when the runtime cannot do that. */
  detach(view: ArrayBuffer): boolean;
  prefault(index: number, offset: number, bytes: number): void;

  reserveParticipant(index: number, name: string): number;
  cancelParticipant(index: number, id: number): void;
  renameParticipant(index: number, id: number, name: string): void;
  probeParticipant(index: number, id: number): boolean;
  recoverAll(index: number): number;
  participants(index: number): ParticipantInfo[];
  startTime(pid: number): number;

  allocate(index: number, bytes: number, kind: number): [offset: number, stamp: number];
  /** As `allocate`, but with whatever was in that memory before. */
  allocateAny(index: number, bytes: number, kind: number): [offset: number, stamp: number];
  /** `place`: offset + role. `holder`: the offset of a compound block that holds it; omitted: this environment does. */
  hold(index: number, place: number, stamp: number, holder?: number): [bytes: number, kind: number];
  drop(index: number, place: number): void;
  /** Drops the hold of a block, if what it holds is still the block with this stamp. */
  drop(index: number, place: number, holder: number, stamp: number): void;
  /** Who has a hold on it, as ids of participants; 0 = a block. */
  holders(index: number, place: number): number[];
  blockStamp(index: number, offset: number): number;
  heapStatistics(index: number): HeapStatistics;
  checkHeap(index: number): number;

  /** The clock that deadlines are points of, in ms. */
  monotonicNow(): number;
  park(
    index: number,
    point: number,
    condition: number,
    expected: number,
    owner: number,
    deadline: number,
    spinNs: number,
  ): number;
  wake(index: number, point: number, count: number): void;
  /** Blocks until the doorbell rings or a descriptor is readable: which of them are. `deadline` as for `park`. */
  waitForRing(index: number, descriptors: readonly number[], deadline: number): boolean[];
  /** Whether the event loop, one of libuv, waits for work that it has given away, such as that of an addon's threads. */
  hasRequests(): boolean;
  /** `hasLibuv`: whether the event loop is libuv's, which polls it. */
  openDoorbell(index: number, onRing: () => void, hasLibuv: boolean): void;
  referDoorbell(index: number, referenced: boolean): void;

  /** Keeps a copy of a descriptor for whoever shows the ticket, while this process lives. */
  keepDescriptor(fd: number): string;
  dropDescriptor(ticket: string): void;
  keptDescriptors(): number;
  fetchDescriptor(ticket: string): number;
  /** A descriptor that is readable while it is set; to be closed by who opens it. */
  openFlag(): number;
  setFlag(fd: number, readable: boolean): void;

  /** Named memory that has nothing in it but its bytes; the name must begin with a '/'. */
  createBlock(name: string, bytes: number): readonly [block: NativeBlock, view: ArrayBuffer, inode: number];
  openBlock(name: string): readonly [block: NativeBlock, view: ArrayBuffer, inode: number];
  /** What is over the view is empty from then on. */
  closeBlock(block: NativeBlock, view: ArrayBuffer): void;
  unlinkBlock(name: string): void;

  readonly semaphoreBytes: number;
  createSemaphore(name: string, exclusive: boolean, mode: number, value: number): NativeSemaphore;
  openSemaphore(name: string): NativeSemaphore;
  unlinkSemaphore(name: string): void;
  initSemaphore(index: number, offset: number, value: number): void;
  semaphoreAt(index: number, offset: number): NativeSemaphore;
  tryAcquireSemaphore(semaphore: NativeSemaphore): boolean;
  acquireSemaphore(semaphore: NativeSemaphore, deadline: number): boolean;
  releaseSemaphore(semaphore: NativeSemaphore, count: number): void;
  semaphoreValue(semaphore: NativeSemaphore): number;
  awaitSemaphore(
    semaphore: NativeSemaphore,
    ticket: number,
    deadline: number,
    onSettled: (ticket: number, outcome: SemaphoreOutcome) => void,
  ): void;
  cancelSemaphoreWait(semaphore: NativeSemaphore, ticket: number): void;
  closeSemaphore(semaphore: NativeSemaphore): void;
}

// The one cast: the addon is built from the same commit.
export const binding: Binding = loadAddon() as Binding;
if (RUNTIME !== 'node') setMonotonicNow(binding.monotonicNow());
