import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { afterAll } from 'vitest';

/** A Python that can be run here. */
export interface Python {
  /** Such as '3.11'. */
  readonly version: string;
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

function versionOf(command: string, env: Readonly<Record<string, string>> = {}): Python[] {
  const show = 'import sys; print("%d.%d" % sys.version_info[:2])';
  const { status, stdout } = spawnSync(command, ['-c', show], { encoding: 'utf8', env: { ...process.env, ...env } });
  return status === 0 ? [{ version: stdout.trim(), command, env }] : [];
}

/** The newer ones of which pyenv knows, if it is there. */
function versionsOfPyenv(): Python[] {
  const { status, stdout } = spawnSync('pyenv', ['versions', '--bare'], { encoding: 'utf8' });
  const names = status === 0 ? stdout.split('\n').filter((name) => /^3\.1[2-9]\.\d+$/.test(name)) : [];
  return names.flatMap((name) => versionOf('python3', { PYENV_VERSION: name }));
}

/** The system's own, first, and the newer ones that there are: one of each version. */
export const PYTHONS: readonly Python[] = [
  ...versionOf('python3'),
  ...['3.12', '3.13', '3.14'].flatMap((version) => versionOf(`python${version}`)),
  ...versionsOfPyenv(),
].filter(({ version }, i, all) => all.findIndex((other) => other.version === version) === i);

/** Whether a version is at least another. */
export function isAtLeast({ version }: Python, wanted: string): boolean {
  return Number(version.split('.')[1]) >= Number(wanted.split('.')[1]);
}

/** A running program of test/fixtures/ or of examples/python/. */
export class PythonProgram {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor({ command, env }: Python, file: string, args: readonly string[], folder = '../fixtures/') {
    const path = fileURLToPath(new URL(folder + file, import.meta.url));
    this.child = spawn(command, [path, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    running.add(this.child);
    if (this.child.stdout === null) throw new Error('no stdout');
    this.#lines = createInterface(this.child.stdout)[Symbol.asyncIterator]();
  }

  /** The next line that it prints. */
  async line(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error('The Python program has ended without another line');
    return value;
  }

  tell(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  async end(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
    running.delete(this.child);
    return this.child.exitCode;
  }
}
