// @ts-check
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';

import { installedPackages, versionOf } from './programs.js';
import { hugePages } from './resident.js';

/** What the figures depend on and nobody could tell from them later. */
export function describeMachine() {
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.cpus().length,
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    kernel: `${os.type()} ${os.release()}`,
    arch: os.arch(),
    hugePages: hugePages(),
    node: process.version,
    python: versionOf('python3'),
    gxx: versionOf('g++'),
    packages: installedPackages(),
    commit: git('rev-parse', 'HEAD'),
    uncommittedChanges: git('status', '--porcelain') !== '',
    loadAverage: os.loadavg(),
  };
}

/** @param {string[]} args */
function git(...args) {
  try {
    const cwd = fileURLToPath(new URL('.', import.meta.url));
    return execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}
