import type { NativeChild } from './process-binding.ts';

interface ThreadRequest {
  readonly stdio: 'inherit' | 'ignore' | 'pipe';
  readonly daemon: boolean;
  /** Index of the family's arena. */
  readonly arena: number;
  readonly name: string;
  readonly record: Uint8Array;
  /** Blocks of the arena that the thread holds from the start. */
  readonly held: readonly (readonly [offset: number, stamp: number])[];
}

/** What a thread finds when it begins. */
interface ThreadEntry {
  readonly record: Buffer;
  /** Its stdin, stdout and stderr with `stdio: 'pipe'`; -1 = none. */
  readonly descriptors: readonly [number, number, number];
}

/** The part of the addon for threads that are started as processes are: native/binding/thread.cc. */
export interface ThreadBinding {
  /** Everything but the thread itself, which the caller starts; if it cannot, it calls `endThread`. */
  prepareThread(request: ThreadRequest): NativeChild;
  /** To be called by the thread itself, first of all. */
  enterThread(id: number): ThreadEntry;
  /** This thread's standard input is the caller's from now on, who closes it. */
  takeThreadInput(): void;
  /** From now on this thread may be cut off at any moment; false when it is to stop. */
  settleThread(): boolean;
  /**
   * Its end will count as one by this signal. Says where it was: one that is absent or settled is to be cut off by the caller, one
   * that is unsettled is told when it settles.
   */
  stopThread(id: number, signal: number): 'ended' | 'absent' | 'unsettled' | 'settled';
  /** How this thread will end; no signal changes that any more once it is final. */
  noteThreadExit(exitCode: number, final: boolean): void;
  /** It has ended, with this exit code if it has noted none. May be called when that is known already. */
  endThread(id: number, exitCode: number): void;
  /** How many of the bytes could be written; 0 when there was no room for some ms. */
  writeSome(fd: number, bytes: Uint8Array): number;
  isTerminal(fd: number): boolean;
  /** The numbers that the system has given to the threads of this process. */
  systemThreads(): number[];
  /** Whether one of those is still there. */
  isSystemThread(thread: number): boolean;
}
