import { describe, expect, it } from 'vitest';

import { linesOf } from '../helpers/examples.ts';
import { runProgram, type RunningProgram } from '../helpers/output.ts';

describe('The example', () => {
  it('manager-namespace.ts changes attributes by one statement each (row 92)', async () => {
    expect(await linesOf('manager-namespace.ts')).toEqual(['a is 9, and 10 have counted']);
  });

  it('manager-types.ts uses the types of a manager (rows 93 to 95)', async () => {
    expect(await linesOf('manager-types.ts')).toEqual(['value: 6', 'array: 0 1 4 9', 'totals: {"seen":[1,2,3]}']);
  });

  it('manager.ts shows what a child has changed (row 96)', async () => {
    expect(await linesOf('manager.ts')).toEqual(['1', "[ 'a', 'b', 'c' ]", '{ b: 0 }']);
  });

  it('manager-proxies.ts prints what proxies stand for (row 97)', async () => {
    expect(await linesOf('manager-proxies.ts')).toEqual([
      'ListProxy [ 1, 2, 3, 4 ]',
      "DictProxy { list: [ 1, 2, 3, 4 ], name: 'nested' }",
      'true',
    ]);
  });

  it('remote-manager-server.ts keeps a list for all runs of remote-manager-client.ts (rows 98 to 100)', async () => {
    let server: RunningProgram | undefined;
    let text = '';
    const serving = new Promise<string>((resolve) => {
      void runProgram('examples/remote-manager-server.ts', {
        args: ['0'],
        nodeArgs: ['--import', 'tsx'],
        onOutput: (part, program) => {
          server = program;
          text += part;
          const [, port] = /^serving at 127\.0\.0\.1,(\d+)\n/.exec(text) ?? [];
          if (port !== undefined) resolve(port);
        },
      });
    });
    const port = await serving;
    expect(await linesOf('remote-manager-client.ts', { args: [port, 'one'] })).toEqual(["ListProxy [ 'one' ]"]);
    expect(await linesOf('remote-manager-client.ts', { args: [port, 'two'] })).toEqual(["ListProxy [ 'one', 'two' ]"]);
    server?.killGroup('SIGTERM');
  });
});
