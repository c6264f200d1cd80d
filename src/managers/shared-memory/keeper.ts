import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

import { ResourceError } from '../../support/errors.ts';

/*
 * The names of blocks outlive those who made them, who may be killed. So there is a process that outlives this one by a
 * moment: it is told of every name that is to go with this process, and knows the end of it by the end of its standard
 * input, however that comes. It is awk, since that is everywhere and small; it ignores what a terminal sends.
 *
 *   +inode/name   to be removed at the end, if the name still leads to that file
 *   -inode/name   has been removed
 *
 * Crash rule: who dies between making a block and telling leaves a name behind. Nothing else is lost with the keeper itself:
 * the next one is told of all names again.
 */
const KEEP = `trap '' INT TERM HUP QUIT; exec awk '
  /^[+]/ { kept[substr($0, 2)] = 1 }
  /^-/ { delete kept[substr($0, 2)] }
  END { for (line in kept) print line | ENVIRON["FORKLESS_REMOVE"]; close(ENVIRON["FORKLESS_REMOVE"]) }'`;
const REMOVE = `while IFS=/ read -r inode name; do
  file="/dev/shm/$name"
  set -- $(ls -di -- "$file" 2>/dev/null)
  if [ "$1" = "$inode" ]; then rm -f -- "$file"; fi
done`;

const NO_KEEPER = 'there is no /bin/sh with awk that would remove it then. Use { track: false } and remove it yourself';

const kept = new Set<string>();
let keeper: ChildProcess | undefined;

/**
 * Has the name removed when this process, or worker thread, has ended.
 * @throws ResourceError when there is no keeper.
 */
export function keepName(name: string, inode: number): void {
  const line = `${inode}/${name}`;
  const running = keeper ?? start();
  kept.add(line);
  running.stdin?.write(`+${line}\n`);
}

/** The name has been removed, or is somebody else's business from now on. */
export function forgetName(name: string, inode: number): void {
  const line = `${inode}/${name}`;
  if (kept.delete(line)) keeper?.stdin?.write(`-${line}\n`);
}

function start(): ChildProcess {
  const child = spawn('/bin/sh', ['-c', KEEP], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', FORKLESS_REMOVE: REMOVE },
    // No signal for the group of this process is for it, too.
    detached: true,
    cwd: '/',
  });
  // Without a process, an error comes; with one, an end.
  child.on('error', () => {}).on('exit', (code) => lose(child, code));
  child.stdin.on('error', () => {});
  if (child.pid === undefined) {
    throw new ResourceError(`The block would stay if this process were killed: ${NO_KEEPER}`, { syscall: 'spawn' });
  }
  child.unref();
  // A socket, whatever its type says.
  (child.stdin as unknown as { unref(): void }).unref();
  keeper = child;
  for (const line of kept) child.stdin.write(`+${line}\n`);
  return child;
}

/** @param code - of its end; null when it was killed */
function lose(child: ChildProcess, code: number | null): void {
  if (keeper !== child) return;
  keeper = undefined;
  if (code === null && kept.size > 0) start();
  if (code !== null)
    process.emitWarning(
      `forkless: ${kept.size} blocks of SharedMemory would stay if this process ended now: ${NO_KEEPER}`,
    );
}
