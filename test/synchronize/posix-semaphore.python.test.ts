import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { PosixSemaphore } from 'forkless';
import { describe, expect, it } from 'vitest';

const PREFIX = `forkless-python-${process.pid}-`;
const hasPython = spawnSync('python3', ['--version']).status === 0;

function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

describe.skipIf(!hasPython)('PosixSemaphore and a Python process', () => {
  const ROUNDS = 200;

  it.each(['acquire', 'acquireSync'] as const)('hand permits to and fro by name (%s)', async (acquire) => {
    const [toPython, toNode] = [`/${PREFIX}a-${acquire}`, `/${PREFIX}b-${acquire}`];
    using there = new PosixSemaphore({ name: toPython, value: 0 });
    using back = new PosixSemaphore({ name: toNode, value: 0 });
    const python = spawn('python3', [fixture('posix_semaphores.py'), toPython, toNode, String(ROUNDS)]);
    python.stderr.pipe(process.stderr);
    let output = '';
    python.stdout.on('data', (text) => (output += String(text)));
    for (let round = 0; round < ROUNDS; round++) {
      there.release();
      expect(await back[acquire]({ timeout: 10_000 })).toBe(true);
    }
    await expect(once(python, 'close')).resolves.toEqual([0, null]);
    expect(output.trim()).toBe('python done');
    expect([there.value, back.value]).toEqual([0, 0]);
    there.unlink();
    back.unlink();
  });

  it('meet at a semaphore that Python has made', async () => {
    const name = `/${PREFIX}c`;
    const python = spawn('python3', [fixture('python_creates_semaphore.py'), name], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(python.stdout, 'data');
    using semaphore = PosixSemaphore.open(name);
    expect(semaphore.tryAcquire()).toBe(false);
    const waiting = semaphore.acquire({ timeout: 10_000 });
    python.stdin.write('1\n');
    await expect(waiting).resolves.toBe(true);
    python.stdin.end('2\n');
    await once(python, 'close');
    expect(semaphore.acquireSync({ timeout: 10_000 })).toBe(true);
    expect(readdirSync('/dev/shm').filter((file) => file.includes(PREFIX))).toEqual([]);
  });
});
