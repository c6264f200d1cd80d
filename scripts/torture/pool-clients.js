// Those who give a pool under torture its work, and check what comes of it.
import { setTimeout as sleep } from 'node:timers/promises';

import { ClosedError, ref, TimeoutError, WorkerDiedError } from '../../dist/index.js';
import { isAnswer, questionOf } from './pool-party.js';

const PARTY = new URL('pool-party.js', import.meta.url).href;
// By name, since the tests load this module by means of their own.
const WORK = Object.fromEntries(
  ['answerNow', 'answerLater', 'answerNumber', 'dawdle', 'dawdleBusily'].map((name) => [name, ref(PARTY, name)]),
);
const KINDS = ['small', 'small', 'small', 'large', 'bytes', 'shared'];
const FATAL = 0.03;
const FATES = ['die', 'exit', 'soon', 'later'];
/** By the time that a client needs for it, about. */
const CALLS = [
  'apply',
  'apply',
  'applySync',
  'early',
  'early',
  'map',
  'numbers',
  'mapSync',
  'imap',
  'imap',
  'imapSync',
];

/** One after the other, a client makes calls until it is told to stop. */
export class Client {
  /** When its call was made. */
  since = performance.now();
  call = '';
  #epoch;
  #random;

  constructor(epoch, random) {
    this.#epoch = epoch;
    this.#random = random;
  }

  async run() {
    while (this.#epoch.isOpen) {
      this.call = this.#one(CALLS);
      this.since = performance.now();
      try {
        await this[`_${this.call}`](this.#epoch.pool);
      } catch (error) {
        this.#epoch.fault(`${this.call} fails`, error);
      }
      this.call = '';
      // A blocking client would keep all others from their turn.
      await sleep(this.#random() * 3);
    }
  }

  async _apply(pool) {
    const question = this.#question();
    const fn = this.#random() < 0.5 ? WORK.answerNow : WORK.answerLater;
    await this.#expect([question], async () => this.#accept(question, await pool.apply(fn, [question])));
  }

  async _applySync(pool) {
    const question = this.#question();
    await this.#expect([question], () => this.#accept(question, pool.applySync(WORK.answerNow, [question])));
  }

  /** A task that is ended early, or nearly. */
  async _early(pool) {
    const id = this.#epoch.nextId();
    const ms = Math.floor(this.#random() * 12);
    const fn = this.#random() < 0.5 ? WORK.dawdle : WORK.dawdleBusily;
    // Often just when it ends by itself.
    const within = this.#random() < 0.6 ? ms : Math.floor(this.#random() * 12);
    const byTime = this.#random() < 0.5;
    const options = byTime ? { timeout: within } : { signal: AbortSignal.timeout(within) };
    await this.#expect([{ id }], async () => {
      try {
        this.#acceptNumber(id, await pool.applyAsync(fn, [id, ms], options));
      } catch (error) {
        if (!(error instanceof TimeoutError) && error.name !== 'TimeoutError') throw error;
      }
    });
  }

  async _map(pool) {
    const questions = this.#questions();
    const fn = this.#random() < 0.5 ? WORK.answerNow : WORK.answerLater;
    const chunkSize = this.#random() < 0.5 ? undefined : 1 + Math.floor(this.#random() * 4);
    const options = this.#random() < 0.2 ? { chunkSize, timeout: 1 + this.#random() * 20 } : { chunkSize };
    await this.#expect(questions, async () => {
      try {
        const answers = await pool.map(fn, questions, options);
        for (const [index, answer] of answers.entries()) this.#accept(questions[index], answer);
      } catch (error) {
        if (options.timeout === undefined || !(error instanceof TimeoutError)) throw error;
      }
    });
  }

  async _mapSync(pool) {
    const questions = this.#questions();
    await this.#expect(questions, () => {
      const answers = pool.mapSync(WORK.answerNow, questions);
      for (const [index, answer] of answers.entries()) this.#accept(questions[index], answer);
    });
  }

  async _numbers(pool) {
    const ids = Array.from({ length: 100 }, () => this.#epoch.nextId());
    await this.#expect([], async () => {
      const answers = await pool.map(WORK.answerNumber, ids);
      for (const [index, answer] of answers.entries()) this.#acceptNumber(ids[index], answer);
    });
  }

  async _imap(pool) {
    const questions = this.#questions();
    const isOrdered = this.#random() < 0.5;
    const form = isOrdered ? 'imap' : 'imapUnordered';
    const iterator = pool[form](WORK.answerLater, questions, { chunkSize: 1 + Math.floor(this.#random() * 2) });
    // Some leave before the end.
    const wanted = this.#random() < 0.2 ? 3 : Infinity;
    await this.#iterate(questions, iterator, isOrdered, wanted);
  }

  async _imapSync(pool) {
    const questions = this.#questions();
    await this.#iterate(questions, pool.imapSync(WORK.answerNow, questions), true, Infinity);
  }

  async #iterate(questions, iterator, isOrdered, wanted) {
    const byId = new Map(questions.map((question) => [-question.id, question]));
    let taken = 0;
    for (; taken < wanted; taken++) {
      let isOver = false;
      await this.#expect([], async () => {
        const next = await iterator.next();
        isOver = next.done === true;
        if (isOver) return;
        const question = byId.get(next.value.id);
        if (isOrdered && question !== questions[taken])
          this.#epoch.fault(`imap gives something out of order at ${taken}`, [
            next.value,
            questions.map(({ id, fate }) => [id, fate]),
          ]);
        this.#accept(question, next.value);
      });
      if (isOver) break;
      if (taken > questions.length) return this.#epoch.fault('imap gives more than there was', taken);
    }
    // When the pool is terminated, what was not read from the input yet fails as one.
    const isShort = wanted === Infinity && taken !== questions.length && !this.#epoch.isTerminated;
    if (isShort) this.#epoch.fault('imap does not give all', taken);
    await iterator.return();
    for (const { lock } of questions) lock?.close();
  }

  /** Runs a call that may be lost with a worker. */
  async #expect(questions, call) {
    try {
      await call();
    } catch (error) {
      if (error instanceof WorkerDiedError) this.#epoch.told(error);
      else if (!(error instanceof ClosedError) || !this.#epoch.isTerminated) throw error;
    } finally {
      for (const { lock } of questions) lock?.close();
    }
  }

  #accept(question, answer) {
    const isRight = question !== undefined && isAnswer(answer, question.id, question.kind);
    answer.lock?.close();
    if (isRight) this.#epoch.delivered(question.id);
    else this.#epoch.corrupt(answer);
  }

  #acceptNumber(id, answer) {
    if (answer === -id) this.#epoch.delivered(id);
    else this.#epoch.corrupt(answer);
  }

  #question() {
    const fate = this.#random() < FATAL ? this.#one(FATES) : undefined;
    return questionOf(this.#epoch.nextId(), this.#one(KINDS), fate);
  }

  #questions() {
    return Array.from({ length: 1 + Math.floor(this.#random() * 12) }, () => this.#question());
  }

  #one(list) {
    return list[Math.floor(this.#random() * list.length)];
  }
}
