import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { ResourceError } from '../support/errors.ts';

const PACKAGE_ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KILL_POINTS_ADDON = fileURLToPath(new URL('../../build/Release/forkless_kill_points.node', import.meta.url));

/** Where a child's boot has put the file of the addon that it has loaded. */
const LOADED = Symbol.for('forkless.addon');

const require = createRequire(import.meta.url);

/**
 * The file of the addon: in a child the one that it was started with; a prebuilt one for this platform first, then the local build.
 * A process with `FORKLESS_KILL_AT` set gets the build that has kill points, which exists in a clone only.
 * @throws ResourceError when there is no addon for this platform.
 */
export function findAddon(): string {
  if (process.env['FORKLESS_KILL_AT'] !== undefined && existsSync(KILL_POINTS_ADDON)) return KILL_POINTS_ADDON;
  const loaded = (globalThis as { [LOADED]?: string })[LOADED];
  if (loaded !== undefined) return loaded;
  const { path } = require('node-gyp-build') as { path(root: string): string };
  try {
    return path(PACKAGE_ROOT);
  } catch (cause) {
    throw noAddon(cause);
  }
}

/**
 * Loads the addon.
 * @throws ResourceError when there is none that loads.
 */
export function loadAddon(): unknown {
  const file = findAddon();
  try {
    return require(file);
  } catch (cause) {
    throw noAddon(cause);
  }
}

function noAddon(cause: unknown): ResourceError {
  return new ResourceError(
    `forkless has no native addon for ${process.platform}-${process.arch}, Node ${process.versions.node}: ` +
      `neither prebuilds/ nor build/Release of ${PACKAGE_ROOT} holds one that loads. ` +
      'Build it with "npx node-gyp rebuild" in that folder (needs a C++20 compiler, make and python3).',
    { cause },
  );
}
