// @ts-check
// Builds the C++ limits and the addon of the eventfd peer where they are older than their sources.
//
//   node bench/limits/build.js
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('.', import.meta.url));
const ADDON = join(SOURCES, 'eventfd-loop');
const FLAGS = ['-std=c++20', '-O3', '-Wall', '-Wextra', '-pthread'];

/** Where the programs are built to. */
export const BUILD_FOLDER = fileURLToPath(new URL('../build/', import.meta.url));
/** The addon of the eventfd peer. */
export const ADDON_FILE = join(ADDON, 'build/Release/eventfd_loop.node');

/** Builds every program of this folder; throws with the compiler's words where one does not compile. */
export function buildLimits() {
  mkdirSync(BUILD_FOLDER, { recursive: true });
  const files = readdirSync(SOURCES);
  const headers = files.filter((file) => file.endsWith('.h')).map((file) => join(SOURCES, file));
  for (const file of files.filter((name) => name.endsWith('.cc'))) {
    const source = join(SOURCES, file);
    const program = join(BUILD_FOLDER, file.slice(0, -'.cc'.length));
    if (isOlder(program, [source, ...headers])) run('g++', [...FLAGS, '-o', program, source]);
  }
}

/** Builds the addon of the eventfd peer with the repository's node-gyp. */
export function buildEventfdLoop() {
  const sources = ['eventfd_loop.cc', 'binding.gyp'].map((file) => join(ADDON, file));
  if (isOlder(ADDON_FILE, sources)) run('npx', ['--no-install', 'node-gyp', 'rebuild', '-C', ADDON]);
}

/** @param {string} target @param {readonly string[]} sources */
function isOlder(target, sources) {
  if (!existsSync(target)) return true;
  const built = statSync(target).mtimeMs;
  return sources.some((source) => statSync(source).mtimeMs > built);
}

/** @param {string} command @param {readonly string[]} args */
function run(command, args) {
  try {
    execFileSync(command, args, { cwd: SOURCES, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (cause) {
    const { message, stderr = '' } = /** @type {Error & { stderr?: string }} */ (cause);
    throw new Error(message.includes(stderr) ? message : `${message}\n${stderr}`, { cause });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  buildLimits();
  buildEventfdLoop();
}
