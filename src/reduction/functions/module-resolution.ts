/*
 * Resolves what `import` names, from the point of view of another module. Node has that for its own modules only
 * (`import.meta.resolve`), and `createRequire` resolves with the conditions of `require`, which may be another file of
 * the package. So the `exports` and `imports` of a package are read here, as Node's documentation defines it
 * (ESM, "Resolution Algorithm Specification"); all the rest is Node's own.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const CONDITIONS: ReadonlySet<string> = new Set(['node', 'import', 'module-sync', 'node-addons', 'default']);

/**
 * The URL of what `import(specifier)` loads in the module `parent`.
 * @throws Error when there is no such module.
 */
export function resolveImport(specifier: string, parent: string): string {
  if (isBuiltin(specifier)) return specifier.startsWith('node:') ? specifier : `node:${specifier}`;
  if (/^\.{0,2}\//.test(specifier)) return new URL(specifier, parent).href;
  if (URL.canParse(specifier)) return specifier;
  return pathToFileURL(packageFile(specifier, parent) ?? createRequire(parent).resolve(specifier)).href;
}

interface PackageJson {
  readonly name?: string;
  readonly exports?: unknown;
  readonly imports?: Readonly<Record<string, unknown>>;
}

/** The file that `exports` or `imports` names; undefined when the package has nothing of the kind. */
function packageFile(specifier: string, parent: string): string | undefined {
  const own = scopeOf(dirname(fileURLToPath(parent)));
  if (specifier.startsWith('#')) {
    const target = own === undefined ? undefined : match(own.json.imports ?? {}, specifier);
    if (own === undefined || target === undefined) return undefined;
    return target.startsWith('.') ? join(own.folder, target) : fileURLToPath(resolveImport(target, parent));
  }
  const [name = ''] = /^(?:@[^/]+\/)?[^/]+/.exec(specifier) ?? [];
  const found = own?.json.name === name && own.json.exports !== undefined ? own : installed(name, parent);
  if (found?.json.exports === undefined) return undefined;
  const { exports } = found.json;
  const key = `.${specifier.slice(name.length)}`;
  const target = isSubpaths(exports) ? match(exports, key) : key === '.' ? choose(exports) : undefined;
  return target === undefined ? undefined : join(found.folder, target);
}

interface Package {
  readonly folder: string;
  readonly json: PackageJson;
}

function installed(name: string, parent: string): Package | undefined {
  for (let at = dirname(fileURLToPath(parent)); ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(join(folder, 'package.json'))) return { folder, json: readPackage(folder) };
    if (dirname(at) === at) return undefined;
  }
}

function scopeOf(folder: string): Package | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return { folder: at, json: readPackage(at) };
    if (dirname(at) === at) return undefined;
  }
}

function readPackage(folder: string): PackageJson {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;
}

function isSubpaths(exports: unknown): exports is Readonly<Record<string, unknown>> {
  return (
    typeof exports === 'object' &&
    exports !== null &&
    !Array.isArray(exports) &&
    Object.keys(exports).some((key) => key.startsWith('.'))
  );
}

/** The longest pattern that fits wins. */
function match(table: Readonly<Record<string, unknown>>, key: string): string | undefined {
  if (Object.hasOwn(table, key) && !key.includes('*')) return choose(table[key]);
  const patterns = Object.keys(table).filter((pattern) => pattern.split('*').length === 2);
  for (const pattern of patterns.toSorted((a, b) => b.indexOf('*') - a.indexOf('*') || b.length - a.length)) {
    const [head = '', tail = ''] = pattern.split('*');
    if (key.length < pattern.length || !key.startsWith(head) || !key.endsWith(tail)) continue;
    return choose(table[pattern])?.replaceAll('*', key.slice(head.length, key.length - tail.length));
  }
  return undefined;
}

/** What a target stands for under the conditions of `import`. */
function choose(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (typeof target !== 'object' || target === null) return undefined;
  const choices = Array.isArray(target)
    ? target
    : Object.entries(target)
        .filter(([condition]) => CONDITIONS.has(condition))
        .map(([, value]) => value as unknown);
  for (const choice of choices) {
    const chosen = choose(choice);
    if (chosen !== undefined) return chosen;
  }
  return undefined;
}
