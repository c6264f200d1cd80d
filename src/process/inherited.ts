import { fstatSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';

import { inheritedExecArgv } from './exec-arguments.ts';

/** What the system knows of a process and hands on to its children, by its lines in /proc/self/status. */
const OF_THE_SYSTEM = /^(?:Umask|Uid|Gid|Groups|NoNewPrivs|Seccomp|SigIgn|Cap\w+|Cpus_allowed|Mems_allowed):.*$/gm;

/** Variables that count when a process begins: they cannot be changed later. That of the crash tests can. */
const AT_THE_BEGINNING = /^(?:NODE_|UV_|LD_|GLIBC_|MALLOC_|OPENSSL_|SSL_|FORKLESS_(?!KILL_AT$))/;

/**
 * All that a child takes over from this process at its start and nobody can change later, as a text to be compared: a process
 * that was started ahead stands for one that is started now as long as it is the same.
 * undefined: it cannot be told.
 */
export function inheritedState(): string | undefined {
  try {
    const status = readFileSync('/proc/self/status', 'utf8').match(OF_THE_SYSTEM);
    const stdio = [0, 1, 2].map(fileOf);
    const { execPath, execArgv, argv0 } = process;
    return JSON.stringify([process.cwd(), execPath, argv0, inheritedExecArgv(execArgv), status, stdio, getPriority()]);
  } catch {
    // No /proc, or the working directory has been removed.
    return undefined;
  }
}

function fileOf(fd: number): string {
  try {
    const { dev, ino, rdev } = fstatSync(fd, { bigint: true });
    return `${dev}:${ino}:${rdev}`;
  } catch {
    return 'closed';
  }
}

/** Whether a process was stopped by a signal or a debugger. */
export function isStopped(pid: number): boolean {
  try {
    return /^State:\s*[Tt]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** A variable that has changed; null = there is none any more. */
export type ChangedVariable = readonly [name: string, value: string | null];

/**
 * What has changed between two environments, each as `NAME=value` with a zero byte behind it.
 * undefined: something that counts only when a process begins.
 */
export function changedVariables(before: string, after: string): readonly ChangedVariable[] | undefined {
  if (before === after) return [];
  const old = variablesOf(before);
  const now = variablesOf(after);
  const changed: ChangedVariable[] = [];
  for (const [name, value] of now) if (old.get(name) !== value) changed.push([name, value]);
  for (const name of old.keys()) if (!now.has(name)) changed.push([name, null]);
  return changed.some(([name]) => AT_THE_BEGINNING.test(name)) ? undefined : changed;
}

function variablesOf(environment: string): Map<string, string> {
  const variables = new Map<string, string>();
  for (const setting of environment.split('\0')) {
    const end = setting.indexOf('=', 1);
    if (end > 0) variables.set(setting.slice(0, end), setting.slice(end + 1));
  }
  return variables;
}
