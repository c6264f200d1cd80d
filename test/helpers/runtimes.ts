import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Another runtime than that of the tests. */
export interface Runtime {
  readonly name: string;
  readonly file: string;
  /** How it is told to run a program. */
  readonly args: readonly string[];
}

function runtime(name: string, path: string, args: readonly string[] = []): Runtime {
  return { name, file: fileURLToPath(new URL(`../runtimes/node_modules/${path}`, import.meta.url)), args };
}

/** Installed by `npm ci --prefix test/runtimes`, on 64-bit Linux. */
export const NODES: readonly Runtime[] = ['22', '24', '26'].map((major) =>
  runtime(`Node ${major}`, `node${major}/bin/node`),
);
export const OTHERS: readonly Runtime[] = [
  runtime('Bun', '@oven/bun-linux-x64/bin/bun'),
  runtime('Deno', '@deno/linux-x64-glibc/deno', ['run', '--allow-all']),
];

/** For the title of tests that are skipped because it is not there. */
export const NOT_INSTALLED = 'tried only after npm ci --prefix test/runtimes';

export function isInstalled({ file }: Runtime): boolean {
  return existsSync(file);
}
