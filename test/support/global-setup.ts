import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The tests import the package as it is built: says so when the build is missing or older than the sources. */
export function setup(): void {
  if (findAddons().length === 0) {
    throw new Error('The tests need the native addon, and neither build/Release nor prebuilds has it: npm run build');
  }
  const stale = sourceFiles().find((file) => isNewerThanBuilt(file));
  if (stale !== undefined) {
    throw new Error(`The tests run against dist/, which has nothing for src/${stale} as it is now: npm run build:ts`);
  }
}

function findAddons(): string[] {
  return ['build/Release', 'prebuilds']
    .map((folder) => join(ROOT, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    .filter((file) => file.endsWith('.node'));
}

function sourceFiles(): string[] {
  return readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.[cm]?ts$/.test(file),
  );
}

function isNewerThanBuilt(source: string): boolean {
  const built = statSync(join(ROOT, 'dist', source.replace(/ts$/, 'js')), { throwIfNoEntry: false });
  return built === undefined || built.mtimeMs < statSync(join(ROOT, 'src', source)).mtimeMs;
}
