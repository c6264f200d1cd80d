import { createRequire } from 'node:module';

import type { Progress } from './pool-options.ts';

type CliProgress = typeof import('cli-progress');

/** Shows how far a map has come, on stderr if that is a terminal. Loaded only then. */
export function progressBar(total: number): (progress: Progress) => void {
  if (!process.stderr.isTTY || total === 0) return () => {};
  const { SingleBar, Presets } = createRequire(import.meta.url)('cli-progress') as CliProgress;
  const bar = new SingleBar(
    { clearOnComplete: false, hideCursor: true, stream: process.stderr },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return ({ done }) => {
    bar.update(done);
    if (done === total) bar.stop();
  };
}
