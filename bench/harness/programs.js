// @ts-check
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { BUILD_FOLDER, buildEventfdLoop, buildLimits } from '../limits/build.js';

/**
 * A program that measures one thing and prints one result.
 * @typedef {object} Program
 * @property {'node' | 'limit' | 'python'} kind limit = a C++ program of bench/limits
 * @property {string} file a path under bench/, or the name of a limit
 * @property {readonly string[]} [args]
 * @property {'eventfd-loop'} [needs] what must be built before
 * @property {string} [package] of bench/peers, which it loads
 */
/** @typedef {{ command: string, args: string[] } | { missing: string }} Runnable */

const BENCH = fileURLToPath(new URL('..', import.meta.url));
const PEERS = join(BENCH, 'peers');
const PYTHON = 'python3';

/**
 * Turns a program into a command line, and builds what it needs the first time.
 * @param {Program} program
 * @returns {Runnable} `missing` says what this machine or the repository does not have
 */
export function resolveProgram(program) {
  const args = [...(program.args ?? [])];
  const path = join(BENCH, program.file);
  switch (program.kind) {
    case 'limit':
      if (!hasCommand('g++')) return { missing: 'no g++' };
      once('limits', buildLimits);
      return { command: join(BUILD_FOLDER, program.file), args };
    case 'python':
      if (!hasCommand(PYTHON)) return { missing: `no ${PYTHON}` };
      return { command: PYTHON, args: [path, ...args] };
    case 'node':
      if (!existsSync(path)) return { missing: 'not written yet' };
      if (program.package !== undefined && !hasPackage(program.package))
        return { missing: `no package ${program.package}: run npm ci --prefix bench/peers` };
      if (program.needs === 'eventfd-loop') {
        if (!hasCommand('g++')) return { missing: 'no g++' };
        once('eventfd-loop', buildEventfdLoop);
      }
      return { command: process.execPath, args: [path, ...args] };
  }
}

/**
 * The packages of bench/peers that are installed, with their versions.
 * @returns {string}
 */
export function installedPackages() {
  const { devDependencies } = JSON.parse(readFileSync(join(PEERS, 'package.json'), 'utf8'));
  return Object.keys(devDependencies)
    .filter(hasPackage)
    .map((name) => `${name} ${JSON.parse(readFileSync(join(packageFolder(name), 'package.json'), 'utf8')).version}`)
    .join(', ');
}

/** @param {string} name */
function hasPackage(name) {
  return existsSync(packageFolder(name));
}

/** @param {string} name */
function packageFolder(name) {
  return join(PEERS, 'node_modules', name);
}

/**
 * The first line of what `command --version` prints.
 * @param {string} command
 * @returns {string | null} null where there is no such command
 */
export function versionOf(command) {
  try {
    const text = execFileSync(command, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return text.split('\n', 1)[0] ?? '';
  } catch {
    return null;
  }
}

/** @type {Map<string, boolean>} */
const known = new Map();

/** @param {string} command */
function hasCommand(command) {
  const has = known.get(command) ?? versionOf(command) !== null;
  known.set(command, has);
  return has;
}

/** @type {Map<string, Error | null>} */
const built = new Map();

/** @param {string} name @param {() => void} build */
function once(name, build) {
  if (!built.has(name)) {
    try {
      build();
      built.set(name, null);
    } catch (error) {
      built.set(name, /** @type {Error} */ (error));
    }
  }
  const error = built.get(name);
  if (error) throw error;
}
