import { describe, expect, it } from 'vitest';

import { denoArguments } from '../../dist/process/deno-arguments.js';
import { expectObjects } from '../helpers/runtime-objects.ts';
import { isInstalled, NOT_INSTALLED, OTHERS } from '../helpers/runtimes.ts';

for (const runtime of OTHERS) {
  describe.skipIf(!isInstalled(runtime))(`Under ${runtime.name} (${NOT_INSTALLED})`, () => {
    it('all works with functions that ref() names, and a lambda is refused with the ways out', async () => {
      await expectObjects(
        runtime,
        expect.stringContaining('sockets can be given away under Node.js only'),
        expect.stringMatching(
          /^ERR_MP_SERIALIZATION process '.*'\.target cannot travel .*no inspector.* use Node\.js, or export it from a module and name it with ref\(moduleUrl, exportName\)/,
        ),
      );
    });
  });
}

describe('A child under Deno', () => {
  const permissions = (granted: readonly string[]) => ({
    querySync: ({ name }: { name: string }) => ({ state: granted.includes(name) ? 'granted' : 'prompt' }),
  });

  it('has all permissions if its parent has all', () => {
    const all = ['read', 'write', 'net', 'env', 'run', 'ffi', 'sys', 'import'];
    expect(denoArguments(permissions(all))).toEqual(['run', '--no-prompt', '--allow-all']);
  });

  it('has no permission that its parent does not have in full', () => {
    expect(denoArguments(permissions(['read', 'ffi']))).toEqual(['run', '--no-prompt', '--allow-read', '--allow-ffi']);
  });
});
