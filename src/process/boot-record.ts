/**
 * What a child is told about itself, in the memory of its family. The bytes:
 *
 *   u32 little-endian   length of the JSON text
 *   JSON (UTF-8)        BootHead
 *   key                 BootHead.keyBytes
 *   message             the rest: BootValues as a message of the codec, unless they are in BootHead.plain
 *
 * The first three are the child's identity, which its worker threads look up later.
 */
import type { BlockPlace } from '../memory/heap.ts';
import type { AnyFunction, Reference } from '../reduction/reference.ts';
import type { StartMethod } from './start-method.ts';

/** A process, told apart from later ones with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In clock ticks since the machine was started. */
  readonly startTime: number;
}

/** What the target is called with, and what a subclass had as its own fields; both themselves if they travel by value. */
export interface BootValues {
  readonly target: AnyFunction | undefined;
  readonly subclass: AnyFunction | undefined;
  readonly args: readonly unknown[];
  readonly kwargs: object | undefined;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

/** What a child loads first. */
export interface BootReference extends Reference {
  /** The path of a CommonJS module, which is loaded much faster by `require`. */
  readonly path: string | undefined;
}

/** The part of a boot record that needs nothing but `JSON.parse`. */
export interface BootHead {
  readonly name: string;
  /** Which child of its parent it is, behind the same of the parent: `[1, 2]` is the second child of the first one. */
  readonly path: readonly number[];
  /** How it was started, which is how its own children are. */
  readonly startMethod: StartMethod;
  readonly daemon: boolean;
  /** A daemonic process, or anything below one: dies with its parent at the latest. */
  readonly tied: boolean;
  readonly parent: ProcessIdentity & { readonly name: string };
  readonly root: ProcessIdentity;
  /** The arguments of the program, as in `process.argv` from 2 on. */
  readonly argv: readonly string[];
  readonly target: BootReference | undefined;
  /** The subclass of `Process` whose `run` is called. */
  readonly subclass: BootReference | undefined;
  /** Modules to import before the message is decoded. */
  readonly modules: readonly string[];
  readonly plain: BootValues | undefined;
  readonly keyBytes: number;
  /** Of a process that is started ahead: where it waits for its order, which has its true record. */
  readonly desk?: BlockPlace;
}

/** Puts a boot record together. */
export function encodeBootRecord(head: BootHead, key: Uint8Array, message: Uint8Array | undefined): Uint8Array {
  const text = JSON.stringify(head);
  const keyAt = 4 + Buffer.byteLength(text);
  const messageAt = keyAt + key.byteLength;
  const record = Buffer.allocUnsafe(messageAt + (message?.byteLength ?? 0));
  record.writeUInt32LE(keyAt - 4);
  record.write(text, 4);
  record.set(key, keyAt);
  if (message !== undefined) record.set(message, messageAt);
  return record;
}

/** Reads the head of a boot record or of the identity kept from one. */
export function decodeBootHead(record: Buffer): { readonly head: BootHead; readonly key: Uint8Array } {
  const end = 4 + record.readUInt32LE(0);
  const head = JSON.parse(record.toString('utf8', 4, end)) as BootHead;
  return { head, key: record.subarray(end, end + head.keyBytes) };
}
