// @ts-check
// What becomes of a task that fails, and of the pool afterwards: bench/pool/failures.js reads the lines.
//
//   --pool=forkless --how=throw|exit|kill          (bench/pool/open-pool.js names the pools)
//
//   ready                   the workers have worked
//   rejects, resolves       the task has settled
//   goes on, refuses        the pool has done further tasks, or rejected one
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { readOptions } from '../harness/options.js';
import { openPool } from './open-pool.js';
import { fail, increment } from './tasks.js';

const STDOUT = 1;
const TASKS = 10;
/** Until the pool knows what its worker has come to. */
const PAUSE_MS = 200;
const { pool: name, how } = readOptions({ pool: 'forkless', how: 'throw' });

/** @param {string} line */
const say = (line) => writeSync(STDOUT, `${line}\n`);
// Whoever waits for ever does not end, even where nothing else keeps the loop awake.
setInterval(() => {}, 1000);

const pool = await openPool(name);
const work = () => Promise.all(Array.from({ length: TASKS }, (_, i) => pool.run(increment, i)));
await work();
say('ready');
say(await settling(pool.run(fail, how), 'resolves', 'rejects'));
await sleep(PAUSE_MS);
say(await settling(work(), 'goes on', 'refuses'));
process.exit();

/** @param {PromiseLike<unknown>} promise @param {string} resolved @param {string} rejected */
async function settling(promise, resolved, rejected) {
  try {
    await promise;
    return resolved;
  } catch {
    return rejected;
  }
}
