// @ts-check
import { readdirSync, readFileSync } from 'node:fs';

/**
 * The processor time that a thread has used, in ms; /proc/<pid>/stat would count in steps of 10 ms.
 * @param {number | undefined} pid
 * @param {number | string | undefined} thread its id, which is that of the process for the main thread
 */
export function threadTime(pid, thread) {
  return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

/**
 * The processor time that all threads of a process have used, in ms.
 * @param {number | undefined} pid
 */
export function processorTime(pid) {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + threadTime(pid, thread), 0);
}
