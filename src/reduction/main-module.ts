import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require: NodeJS.Require = createRequire(import.meta.url);

let mains: Set<string> | undefined;

/**
 * Whether a module is the script that this process was started with. Its functions travel by value, as Python's cloudpickle
 * does it: another process that imported it would run it again.
 */
export function isMainModule(url: string): boolean {
  mains ??= new Set(mainFiles().map((file) => pathToFileURL(file).href));
  return mains.has(url);
}

function mainFiles(): string[] {
  const given = process.argv[1];
  const files = [require.main?.filename];
  if (given !== undefined) {
    files.push(given);
    try {
      files.push(realpathSync(given));
    } catch {
      // Without a file: `node -e`, or the script was named without its extension.
    }
  }
  return files.filter((file) => file !== undefined);
}
