import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import type { Process } from 'forkless';

const WATCHDOG_MS = 25_000;

/** The options of a process whose output a test reads. */
export const PIPE = { stdio: 'pipe' } as const;

/** What a started process with `stdio: 'pipe'` prints, and its exit code. */
export async function outputOf(process: Process<never>): Promise<{ stdout: string; stderr: string; exitCode: number }> {
  const { stdout, stderr } = process as unknown as Process;
  if (stdout === null || stderr === null) throw new Error("The process was not started with stdio: 'pipe'.");
  const [out, err, exitCode] = await Promise.all([text(stdout), text(stderr), process.exited]);
  return { stdout: out, stderr: err, exitCode };
}

/** A JSON value that a started process prints. */
export async function printedBy<T>(process: Process<never>): Promise<T> {
  const { stdout, stderr } = await outputOf(process);
  if (stdout === '') throw new Error(`Nothing was printed, but: ${stderr}`);
  return JSON.parse(stdout) as T;
}

export interface ProgramOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ProgramOptions {
  readonly args?: readonly string[];
  readonly nodeArgs?: readonly string[];
  readonly env?: Record<string, string>;
  readonly input?: string;
  /** How long it may take at most; a watchdog, not a measure. */
  readonly watchdogMs?: number;
  /** Another Node than this one. */
  readonly node?: string;
  /** Is called with each text that the program prints. */
  readonly onOutput?: (text: string, program: RunningProgram) => void;
}

export interface RunningProgram {
  readonly pid: number;
  /** Sends a signal to the whole group of processes, as a terminal does for Ctrl-C. */
  killGroup(signal: NodeJS.Signals): void;
}

/** Runs a program of test/fixtures or examples in a process group of its own, until all of its output is closed. */
export function runProgram(path: string, options: ProgramOptions = {}): Promise<ProgramOutput> {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  return runNode([...(options.nodeArgs ?? []), file, ...(options.args ?? [])], options);
}

/** Runs Node with these arguments. */
export function runNode(args: readonly string[], options: ProgramOptions = {}): Promise<ProgramOutput> {
  return new Promise((resolve, reject) => {
    const child = spawn(options.node ?? process.execPath, args, {
      detached: true,
      env: { ...process.env, ...options.env },
      stdio: 'pipe',
    });
    const pid = child.pid as number;
    const program: RunningProgram = { pid, killGroup: (signal) => process.kill(-pid, signal) };
    let stdout = '';
    let stderr = '';
    const watchdog = setTimeout(() => {
      process.kill(-pid, 'SIGKILL');
      reject(new Error(`The program did not end. It printed:\n${stdout}\n${stderr}`));
    }, options.watchdogMs ?? WATCHDOG_MS);
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      stdout += part;
      options.onOutput?.(stdout, program);
    });
    child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part));
    child.on('error', reject).on('close', (code, signal) => {
      clearTimeout(watchdog);
      resolve({ stdout, stderr, code, signal });
    });
    child.stdin.end(options.input ?? '');
  });
}
