// What the workers of the torture of pools do. They note on the board how often each item was begun, and by whom last, and who
// has ended himself.
import { setTimeout as sleep } from 'node:timers/promises';

import { Lock } from '../../dist/synchronize/lock.js';

export const MOST_ITEMS = 1 << 16;
const MOST_DEATHS = 1 << 12;
/** The words of the board: `runs` and `pids` have one for each item, `dead` has pids, as many as `deaths` says. */
export const WORD = {
  runs: 0,
  pids: MOST_ITEMS,
  dead: 2 * MOST_ITEMS,
  deaths: 2 * MOST_ITEMS + MOST_DEATHS,
  corrupt: 2 * MOST_ITEMS + MOST_DEATHS + 1,
  repeated: 2 * MOST_ITEMS + MOST_DEATHS + 2,
};
export const BOARD_WORDS = 3 * MOST_ITEMS + MOST_DEATHS + 3;
const LENGTHS = { small: 30, large: 90_000, bytes: 150_000, shared: 10 };
let board;

export function begin(words) {
  board = words;
}

/** What a task gets. @param fate what the worker does before it answers, the first time */
export function questionOf(id, kind, fate) {
  const lock = kind === 'shared' ? new Lock() : undefined;
  return { id, kind, fate, body: bodyOf(id, kind), lock };
}

export function answerNow(question) {
  const isFirst = beginItem(question.id);
  if (isFirst) meet(question.fate);
  return check(question);
}

export async function answerLater(question) {
  const isFirst = beginItem(question.id);
  await sleep(question.id % 4);
  if (isFirst) meet(question.fate);
  return check(question);
}

/** For numbers: no room for more than the id. */
export function answerNumber(id) {
  beginItem(id);
  return -id;
}

/** Takes its time: somebody is to end it early. */
export async function dawdle(id, ms) {
  beginItem(id);
  await sleep(ms);
  return -id;
}

/** The same, and the event loop does not turn. */
export function dawdleBusily(id, ms) {
  beginItem(id);
  for (const end = performance.now() + ms; performance.now() < end;);
  return -id;
}

/** Notes it; true the first time. `repeated` on are the pids of those who had begun it when another did, by item. */
function beginItem(id) {
  const before = Atomics.exchange(board, WORD.pids + id, process.pid);
  if (before !== 0) Atomics.store(board, WORD.repeated + id, before);
  return Atomics.add(board, WORD.runs + id, 1) === 0;
}

function meet(fate) {
  // When the answer has been given: somewhere on the way to the next task, or in it.
  if (fate === 'soon') queueMicrotask(() => meet('die'));
  if (fate === 'later') setImmediate(() => meet('die'));
  if (fate !== 'die' && fate !== 'exit') return;
  Atomics.store(board, WORD.dead + Atomics.add(board, WORD.deaths, 1), process.pid);
  if (fate === 'exit') process.exit(7);
  process.kill(process.pid, 'SIGKILL');
}

function check(question) {
  if (!isWhole(question)) Atomics.add(board, WORD.corrupt, 1);
  return { ...question, fate: undefined, id: -question.id };
}

/** Whether an answer is the right one. */
export function isAnswer(answer, id, kind) {
  return answer.id === -id && answer.kind === kind && isWhole({ ...answer, id });
}

function isWhole({ id, kind, body, lock }) {
  const isFree = lock === undefined || lock.tryAcquire();
  if (lock !== undefined && isFree) lock.release();
  return isFree && Buffer.compare(Buffer.from(body), Buffer.from(bodyOf(id, kind))) === 0;
}

function bodyOf(id, kind) {
  const bytes = Buffer.alloc(LENGTHS[kind], `${id};`);
  return kind === 'bytes' ? new Uint8Array(bytes) : bytes.toString('latin1');
}
