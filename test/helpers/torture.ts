import { runProgram } from './output.ts';
import { isInstalled, NODES } from './runtimes.ts';

/** A Node whose processes start in half the time of the oldest one's, so that twice as many can be killed. */
const newest = NODES.at(-1);

/** Where the kills of a torture in the tests happen: most of them on the newest Node, if that is installed. */
export const TORTURES: readonly { readonly on: string; readonly node: string; readonly kills: number }[] =
  newest !== undefined && isInstalled(newest)
    ? [
        { on: 'this Node', node: process.execPath, kills: 200 },
        { on: newest.name, node: newest.file, kills: 800 },
      ]
    : [{ on: 'this Node', node: process.execPath, kills: 600 }];

/** Runs a torture of scripts/torture.js until it has killed so many: what it has counted. */
export async function torture(
  what: string,
  { node, kills }: (typeof TORTURES)[number],
): Promise<Record<string, number>> {
  const { stdout, stderr } = await runProgram('scripts/torture.js', {
    args: [what, '--json', '--kills', String(kills), '--seconds', '1000'],
    node,
    watchdogMs: 1_200_000,
  });
  if (stdout === '') throw new Error(`The torture of ${what} has counted nothing: ${stderr}`);
  return JSON.parse(stdout) as Record<string, number>;
}
