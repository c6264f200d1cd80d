import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const build = `${root}node_modules/.cache/reduction-test/`;
const fixture = (name: string): string => new URL(`../fixtures/reduction/${name}`, import.meta.url).href;

/** What only shows in processes of their own: main scripts, other threads, other runtimes, both ends of a message. */
function run(program: string, args: readonly string[] = [], input = ''): string {
  const child = spawnSync(process.execPath, [fileURLToPath(fixture(program)), ...args], {
    input,
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, NODE_OPTIONS: '', FORKLESS_BUILD: pathToFileURL(build).href },
  });
  if (child.status !== 0) throw new Error(`${program} ended with ${child.status ?? child.signal}:\n${child.stderr}`);
  return child.stdout;
}

beforeAll(() => {
  mkdirSync(build, { recursive: true });
  writeFileSync(`${build}package.json`, '{"type":"module"}');
  const compiler = fileURLToPath(import.meta.resolve('typescript/package.json')).replace('package.json', 'bin/tsc');
  spawnSync(process.execPath, [
    compiler,
    '-p',
    `${root}tsconfig.json`,
    '--outDir',
    build,
    '--declaration',
    'false',
    '--noEmitOnError',
    'false',
  ]);
}, 60_000);

describe('functions in programs', () => {
  it('of the main script cannot be imported, even if it exports them, in worker threads neither', () => {
    const found = JSON.parse(run('main-program.mjs', ['go'])) as Record<string, unknown>;
    const refused =
      "ERR_MP_SERIALIZATION The function 'work' cannot travel to another process: it belongs to the main script.";
    expect(found['exported']).toContain(refused);
    expect(found).toMatchObject({ inWorker: found['exported'], modules: [] });
    expect(found['unexported']).toMatch(
      /^ERR_MP_SERIALIZATION The function 'unexported' .*main-program\.mjs \(which exports work\).*export it from a module/,
    );
    expect(found['inReply']).toMatch(/^ERR_MP_SERIALIZATION The function 'typed' .*REPL.*put it into a file/);
    expect(found['evaluated']).toMatch(/^ERR_MP_SERIALIZATION The function 'evaluated' /);
  });

  it('are found in what a compiler made of TypeScript', () => {
    const module = fixture('typed.ts');
    expect(JSON.parse(run('compiling-loader.mjs'))).toEqual([
      { module, name: 'typedWork' },
      { module, name: 'typedArrow' },
    ]);
  });

  it('need ref() where there is no inspector, except for CommonJS', () => {
    const found = JSON.parse(run('without-inspector.mjs')) as Record<string, string>;
    expect(found['refused']).toMatch(
      /^ERR_MP_SERIALIZATION The function 'declared' .*no inspector.*ref\(moduleUrl, exportName\)/,
    );
    expect(found).toMatchObject({ named: 'work', commonJs: 'plain' });
  });
});

describe('a message to another process', () => {
  it('brings functions, classes, instances, registered types and errors, once their modules are imported', () => {
    const found = JSON.parse(run('receiver.mjs', [], run('sender.mjs'))) as Record<string, unknown>;
    expect(found['before']).toMatch(/is not loaded in this process\. Call resolveModules/);
    expect(found).toMatchObject({
      norm: 5,
      add: 2,
      money: 12,
      same: true,
      hint: 'see 9',
      named: {},
      inspectorLoaded: false,
    });
  });
});
