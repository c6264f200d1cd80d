import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';

/**
 * How many processors this program may use: those of its affinity mask, and no more than the quota of its control group
 * allows. What a pool takes as its default size.
 * Python: `cpu_count()` counts the machine's processors instead.
 */
export function cpuCount(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(cpuQuota('/'))));
}

/**
 * The processors that the control groups of this process allow it, `Infinity` without a limit.
 * @param root - where the system's files are; another folder in tests.
 */
export function cpuQuota(root: string): number {
  const membership = read(`${root}proc/self/cgroup`);
  if (membership === undefined) return Infinity;
  let quota = Infinity;
  for (const line of membership.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    const isVersion2 = controllers === '';
    if (!isVersion2 && !controllers.split(',').includes('cpu')) continue;
    const mount = isVersion2 ? `${root}sys/fs/cgroup` : `${root}sys/fs/cgroup/cpu`;
    quota = Math.min(quota, isVersion2 ? lowest(mount, path, quotaOfVersion2) : lowest(mount, path, quotaOfVersion1));
  }
  return quota;
}

// Every group on the way up to the root limits those below it. In a container the path may be one that only the host sees.
function lowest(mount: string, path: string, quotaOf: (folder: string) => number): number {
  let quota = quotaOf(mount);
  for (let group = path; group !== '/' && group !== '.'; group = dirname(group)) {
    quota = Math.min(quota, quotaOf(`${mount}${group}`));
  }
  return quota;
}

function quotaOfVersion2(folder: string): number {
  const [limit, period] = read(`${folder}/cpu.max`)?.trim().split(' ') ?? [];
  return ratio(limit, period);
}

function quotaOfVersion1(folder: string): number {
  return ratio(read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`));
}

function ratio(limit: string | undefined, period: string | undefined): number {
  const quota = Number(limit) / Number(period);
  return quota > 0 ? quota : Infinity;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
