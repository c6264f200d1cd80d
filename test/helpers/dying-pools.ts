import { expect } from 'vitest';

import { Pool, RawArray, WorkerDiedError } from '../../dist/index.js';
import type { PoolOptions } from '../../dist/index.js';
import { answer, answerLater, countRuns, questionOf } from '../fixtures/pool/dying.js';
import { sleep } from './shared-memory.ts';

export type Kind = 'inline' | 'parcel' | 'shared';

interface Question {
  readonly id: number;
  readonly kind: Kind;
  readonly body: string;
  readonly lock: { close: () => void } | undefined;
}

export type Form = 'apply' | 'applySync' | 'map' | 'mapSync' | 'imapUnordered' | 'imapUnorderedSync';

const MOST_TASKS = 1 << 14;
/** Tasks of one round. */
const EACH = 6;
const CHUNK = 2;
const runs: Int32Array = RawArray('i', MOST_TASKS);

/** A pool whose first workers die at a kill point, and an account of what becomes of its tasks. */
export class DyingPool {
  readonly pool: Pool;
  readonly victims: readonly number[];
  /** Each death that was told, once. */
  readonly deaths = new Set<WorkerDiedError>();
  /** Questions that an answer came to. */
  readonly #answered = new Set<number>();
  readonly #failed = new Set<number>();
  #asked = 0;

  constructor(killAt: string, options?: PoolOptions) {
    runs.fill(0);
    const usual = process.env['FORKLESS_KILL_AT'] as string;
    process.env['FORKLESS_KILL_AT'] = killAt;
    try {
      this.pool = new Pool({ processes: 2, initializer: countRuns, initArgs: [runs], ...options });
    } finally {
      process.env['FORKLESS_KILL_AT'] = usual;
    }
    this.victims = this.pool.stats.workers.map(({ pid }) => pid as number);
  }

  get dead(): number {
    const living = new Set(this.pool.stats.workers.map(({ pid }) => pid));
    return this.victims.filter((pid) => !living.has(pid)).length;
  }

  /** Asks questions until so many of the victims are dead. */
  async askUntilDead(count: number, form: Form, kind: Kind): Promise<void> {
    const deadline = Date.now() + 15_000;
    while (this.dead < count) {
      if (Date.now() > deadline) throw new Error(`Only ${this.dead} workers have died at their kill point`);
      await this.ask(form, kind);
      await sleep(5);
    }
  }

  /** A round of questions: each must be answered rightly, or be lost with a worker. */
  async ask(form: Form, kind: Kind): Promise<void> {
    const questions = Array.from({ length: EACH }, () => questionOf(kind, this.#asked++) as Question);
    if (form === 'apply') await Promise.all(questions.map((question) => this.#apply(question)));
    else if (form === 'applySync') for (const question of questions) this.#applySync(question);
    else if (form === 'map' || form === 'mapSync') await this.#map(form, questions);
    else await this.#iterate(form, questions);
    for (const { lock } of questions) lock?.close();
  }

  async #apply(question: Question): Promise<void> {
    try {
      this.#accept(await this.pool.apply(question.id % 2 === 0 ? answer : answerLater, [question]));
    } catch (error) {
      this.#lose(error, [question]);
    }
  }

  #applySync(question: Question): void {
    try {
      this.#accept(this.pool.applySync(answer, [question]));
    } catch (error) {
      this.#lose(error, [question]);
    }
  }

  async #map(form: 'map' | 'mapSync', questions: readonly Question[]): Promise<void> {
    try {
      for (const each of await this.pool[form](answer, questions, { chunkSize: CHUNK })) this.#accept(each);
    } catch (error) {
      this.#lose(error, questions);
    }
  }

  async #iterate(form: 'imapUnordered' | 'imapUnorderedSync', questions: readonly Question[]): Promise<void> {
    const answers = this.pool[form](answer, questions);
    for (;;) {
      try {
        const next = await answers.next();
        if (next.done === true) return;
        this.#accept(next.value);
      } catch (error) {
        this.#lose(error, []);
      }
    }
  }

  #accept(given: unknown): void {
    const { id, kind, body, lock } = given as Question;
    const asked = id - 1_000_000;
    lock?.close();
    expect(body).toBe((questionOf(kind === 'parcel' ? 'parcel' : 'inline', asked) as Question).body);
    expect(this.#answered.has(asked), `question ${asked} was answered before`).toBe(false);
    this.#answered.add(asked);
  }

  #lose(error: unknown, questions: readonly Question[]): void {
    if (!(error instanceof WorkerDiedError)) throw error;
    expect(error.exitCode).toBe(-9);
    expect(this.victims).toContain(error.pid);
    this.deaths.add(error);
    for (const { id } of questions) this.#failed.add(id);
  }

  /** No more errors than deaths, and nothing was run again but what somebody has died of. */
  check(retries: boolean, chunk: number): void {
    expect(this.deaths.size).toBeLessThanOrEqual(retries ? 0 : this.dead);
    let repeated = 0;
    for (let id = 0; id < this.#asked; id++) {
      const times = Atomics.load(runs, id);
      if (this.#answered.has(id)) expect(times, `runs of task ${id}`).toBeGreaterThanOrEqual(1);
      repeated += Math.max(0, times - 1);
    }
    expect(repeated).toBeLessThanOrEqual(retries ? this.dead * chunk : 0);
    if (this.deaths.size === 0) expect(this.#answered.size).toBe(this.#asked);
  }

  async end(form: 'close' | 'terminate'): Promise<void> {
    this.pool[form]();
    await this.pool.join();
  }
}
