import { isMainThread } from 'node:worker_threads';

import type { ChildEnvironment } from '../native/process-binding.ts';
import { inheritedNodeOptions } from './exec-arguments.ts';

/** What a process has for itself alone. */
export const OWN_VARIABLES: readonly string[] = [
  'FORKLESS_CHILD',
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
  'NODE_UNIQUE_ID',
];

// Reading `process.env` costs 4 µs per variable, so the addon copies the system's own list. The two are the same in the
// main thread, unless somebody has put another object into its place.
const systemEnv = isMainThread ? process.env : undefined;

/** @param changes variables of the child; undefined = it does not have that one. */
export function childEnvironment(changes: Readonly<Record<string, string | undefined>> = {}): ChildEnvironment {
  const nodeOptions = process.env['NODE_OPTIONS'];
  const settings: Record<string, string | undefined> = {
    ...(process.env === systemEnv ? undefined : process.env),
    ...(nodeOptions === undefined ? undefined : { NODE_OPTIONS: inheritedNodeOptions(nodeOptions) }),
    ...Object.fromEntries(OWN_VARIABLES.map((name) => [name, undefined])),
    ...changes,
  };
  return {
    without: process.env === systemEnv ? Object.keys(settings) : undefined,
    settings: Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])),
  };
}
