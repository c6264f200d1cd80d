import { readdirSync } from 'node:fs';

import { arenaOf, familyArena, type Arena } from '../../dist/memory/arena.js';
import { binding } from '../../dist/native/binding.js';
import type { FloatChannel } from '../../dist/index.js';

let names = 0;

/** A name for a shared object that no other test uses. */
export function freshName(): string {
  names += 1;
  return `test-${process.pid}-${names}`;
}

/** The files in /dev/shm of objects with this name. */
export function filesOf(name: string): string[] {
  return readdirSync('/dev/shm').filter((file) => file.endsWith(`-${name}`));
}

/** How many holds on blocks this process' family has. */
export function familyHolds(): number {
  return familyArena().statistics().holds;
}

/** The arena that a channel lies in. */
export function arenaOfChannel(channel: Pick<FloatChannel, 'share'>): Arena {
  return arenaOf(channel.share());
}

/** Recovers all dead participants of an arena and counts what is wrong with its heap then. */
export function faultsOf(arena: Arena): number {
  binding.recoverAll(arena.index);
  return binding.checkHeap(arena.index);
}

export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
