import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

const TEST = fileURLToPath(new URL('.', import.meta.url));
const TSC = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));

describe('The type tests', () => {
  it('are all part of the project that npm run check compiles', () => {
    const listed = execFileSync(process.execPath, [TSC, '-p', TEST, '--listFilesOnly'], { encoding: 'utf8' }).split(
      '\n',
    );
    const files = readdirSync(join(TEST, 'types')).map((file) => join(TEST, 'types', file));
    expect(files.length).toBeGreaterThan(0);
    expect(listed).toEqual(expect.arrayContaining(files));
  });

  it('fail where an error that they expect does not come', () => {
    const folder = mkdtempSync(join(tmpdir(), 'forkless-types-'));
    try {
      const compilerOptions = { rootDir: '.', types: [] };
      const config = { extends: join(TEST, 'tsconfig.json'), compilerOptions, include: ['.'] };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
      writeFileSync(join(folder, 'wrong.mts'), '// @ts-expect-error\nexport const fine = 1;\n');
      const { status, stdout } = spawnSync(process.execPath, [TSC, '-p', folder], { encoding: 'utf8' });
      expect(stdout).toContain("error TS2578: Unused '@ts-expect-error' directive.");
      expect(status).not.toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
