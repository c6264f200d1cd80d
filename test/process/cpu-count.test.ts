import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { cpuCount } from 'forkless';
import { afterEach, describe, expect, it } from 'vitest';

import { cpuQuota } from '../../dist/process/cpu-count.js';

const roots: string[] = [];

/** A made-up root of the file system. */
function rootWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'cpu-count-'));
  roots.push(root);
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return `${root}/`;
}

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

describe('cpuCount', () => {
  it('is at least 1 and at most the processors of the affinity mask', () => {
    expect(cpuCount()).toBeGreaterThanOrEqual(1);
    expect(cpuCount()).toBeLessThanOrEqual(availableParallelism());
  });

  it('follows the affinity mask', () => {
    const program = "import('forkless').then(({ cpuCount }) => console.log(cpuCount()))";
    expect(execFileSync('taskset', ['-c', '0', process.execPath, '-e', program], { encoding: 'utf8' })).toBe('1\n');
  });
});

describe('cpuQuota', () => {
  it('is that of the control group (version 2)', () => {
    const root = rootWith({ 'proc/self/cgroup': '0::/app\n', 'sys/fs/cgroup/app/cpu.max': '150000 100000\n' });
    expect(cpuQuota(root)).toBe(1.5);
  });

  it('is the lowest on the way up', () => {
    const root = rootWith({
      'proc/self/cgroup': '0::/pod/app\n',
      'sys/fs/cgroup/pod/app/cpu.max': 'max 100000\n',
      'sys/fs/cgroup/pod/cpu.max': '200000 100000\n',
      'sys/fs/cgroup/cpu.max': '400000 100000\n',
    });
    expect(cpuQuota(root)).toBe(2);
  });

  it('is found at the mount itself in a container that does not see its own path', () => {
    const root = rootWith({ 'proc/self/cgroup': '0::/of/the/host\n', 'sys/fs/cgroup/cpu.max': '300000 100000\n' });
    expect(cpuQuota(root)).toBe(3);
  });

  it('is that of the cpu controller (version 1)', () => {
    const root = rootWith({
      'proc/self/cgroup': '4:memory:/app\n3:cpu,cpuacct:/app\n0::/\n',
      'sys/fs/cgroup/cpu/app/cpu.cfs_quota_us': '50000\n',
      'sys/fs/cgroup/cpu/app/cpu.cfs_period_us': '100000\n',
    });
    expect(cpuQuota(root)).toBe(0.5);
  });

  it('is Infinity without a limit, and without control groups', () => {
    const unlimited = rootWith({
      'proc/self/cgroup': '3:cpu,cpuacct:/\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    });
    expect(cpuQuota(unlimited)).toBe(Infinity);
    expect(cpuQuota(rootWith({}))).toBe(Infinity);
  });
});
