import { lstatSync, mkdtempSync, rmdirSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** The file of a listening Unix socket. */
export interface SocketFile {
  readonly path: string;
  readonly inode: bigint;
  /** A directory that was made for it. */
  readonly directory: string | undefined;
}

const files = new Set<SocketFile>();

/** A path in a new directory, which is for this user only. */
export function newSocketPath(): string {
  return join(mkdtempSync(join(tmpdir(), 'forkless-')), 'listener');
}

/** Gives up a path that was not used. */
export function giveUpPath(path: string): void {
  rmdirSync(dirname(path));
}

/**
 * Remembers a file that has just been made, so that it goes with this process: but not when it is killed. The addon does the
 * same at the end of a thread, where no JavaScript runs any more.
 */
export function keepSocketFile(path: string, isOwnDirectory: boolean): SocketFile {
  const absolute = resolve(path);
  const directory = isOwnDirectory ? dirname(absolute) : undefined;
  const file = { path: absolute, inode: inodeOf(absolute), directory };
  if (files.size === 0) process.once('exit', removeAll);
  files.add(file);
  return file;
}

/** Removes the file, if it is still that one. */
export function removeSocketFile(file: SocketFile): void {
  if (!files.delete(file)) return;
  if (files.size === 0) process.off('exit', removeAll);
  try {
    if (inodeOf(file.path) === file.inode) unlinkSync(file.path);
    if (file.directory !== undefined) rmdirSync(file.directory);
  } catch {
    // Somebody has removed it, or put something else there.
  }
}

function removeAll(): void {
  for (const file of files) removeSocketFile(file);
}

function inodeOf(path: string): bigint {
  return lstatSync(path, { bigint: true }).ino;
}
