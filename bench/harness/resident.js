// @ts-check
import { readFileSync } from 'node:fs';

const BLOCK_BYTES = 32 * 2 ** 20;

/** @type {Buffer[]} */
const held = [];

/**
 * Fills memory with touched Buffers, kept for the life of the process, until its resident size is at least `bytes`.
 * @param {number} bytes
 * @returns {number} the resident size
 */
export function growResidentSizeTo(bytes) {
  while (process.memoryUsage.rss() < bytes) held.push(Buffer.alloc(BLOCK_BYTES, 1));
  return process.memoryUsage.rss();
}

/**
 * The system's setting of transparent huge pages, which decides how long a fork copies page tables.
 * @returns {string}
 */
export function hugePages() {
  try {
    return /\[(\w+)\]/.exec(readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8'))?.[1] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}
