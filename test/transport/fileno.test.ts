import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { Pipe } from 'forkless';
import { describe, expect, it } from 'vitest';

import { runProgram } from '../helpers/output.ts';

/** Whether another program finds the descriptor readable within a time. */
async function isReadable(fd: number, ms: number): Promise<boolean> {
  const script = `import select; print(len(select.select([3], [], [], ${ms / 1000})[0]))`;
  const python = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit', fd] });
  const [[data]] = (await Promise.all([once(python.stdout as never, 'data'), once(python, 'close')])) as [
    [Buffer],
    unknown,
  ];
  return String(data).trim() === '1';
}

describe('Connection.fileno()', { timeout: 30_000 }, () => {
  it('is readable for others while there is a message, and at the end', async () => {
    const [reader, writer] = Pipe();
    const fd = reader.fileno();
    expect(reader.fileno()).toBe(fd);
    expect(await isReadable(fd, 50)).toBe(false);
    const later = isReadable(fd, 20_000);
    await sleep(100);
    await writer.send(1);
    expect(await later).toBe(true);
    await writer.send(2);
    reader.recvSync();
    expect(await isReadable(fd, 20_000)).toBe(true);
    reader.recvSync();
    expect(await isReadable(fd, 50)).toBe(false);
    writer.close();
    expect(await isReadable(fd, 20_000)).toBe(true);
    expect(() => reader.recvSync()).toThrow(/closed/);
    expect(await isReadable(fd, 50)).toBe(true);
    reader.close();
    expect(() => reader.fileno()).toThrow(/closed/);
  });

  it('is refused where nothing is received', () => {
    const [reader, writer] = Pipe({ duplex: false });
    expect(() => writer.fileno()).toThrow(/only sends/);
    reader.close();
    writer.close();
  });

  it('does not keep its program alive', async () => {
    const { code, stdout } = await runProgram('test/fixtures/programs/has-descriptor.mjs');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'number\n' });
  });
});
