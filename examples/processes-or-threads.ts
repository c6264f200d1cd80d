// The same program on processes and on threads: all that differs is what is imported (rows 82, 83). Tells how long each takes.
import * as processes from 'forkless';
import * as threads from 'forkless/dummy';

const TASKS = Number(process.argv[2] ?? 16);
const STEPS = 2_000_000;
const MESSAGES = 2_000;

/** Pure computing, which keeps a processor busy. */
function work(seed: number): number {
  let sum = seed;
  for (let i = 1; i <= STEPS; i++) sum = (sum * 31 + i) % 1_000_003;
  return sum;
}

async function echo(connection: processes.Connection): Promise<void> {
  for await (const message of connection) await connection.send(message);
}

/** What the whole program does with one of the two. */
async function run(name: string, mp: typeof processes | typeof threads): Promise<number[]> {
  const measured = new Map<string, number>();
  async function measure<R>(what: string, action: () => Promise<R>): Promise<R> {
    const start = performance.now();
    const result = await action();
    measured.set(what, performance.now() - start);
    return result;
  }

  await measure('start and join', async () => {
    const child = new mp.Process({ target: () => {} }).start();
    await child.join();
  });
  const [here, there] = mp.Pipe();
  const child = new mp.Process({ target: echo, args: [there] }).start();
  there.close();
  await here.send('ready?');
  await here.recv();
  await measure(`${MESSAGES} messages there and back`, async () => {
    for (let i = 0; i < MESSAGES; i++) {
      await here.send(i);
      await here.recv();
    }
  });
  here.close();
  await child.join();
  const pool = new mp.Pool(2);
  const results = await measure(`a pool of two, ${TASKS} tasks`, () =>
    pool.map(
      work,
      Array.from({ length: TASKS }, (_, i) => i),
    ),
  );
  pool.close();
  await pool.join();
  for (const [what, ms] of measured)
    console.log(`${name.padEnd(9)} ${what.padEnd(32)} ${ms.toFixed(1).padStart(8)} ms`);
  return results;
}

const first = await run('processes', processes);
const second = await run('threads', threads);
console.log(`same results: ${first.join() === second.join()}`);
