import { createRequire } from 'node:module';

/** What a module exports of its own, from its source. */
export interface ModuleExports {
  /** Local variable → name of the export. */
  readonly byVariable: ReadonlyMap<string, string>;
  /** Where the source of an anonymous default export begins; -1 when there is none. */
  readonly anonymousDefault: number;
  /** All names, for messages. */
  readonly names: readonly string[];
}

type Lexer = typeof import('es-module-lexer');

let lexer: Lexer | undefined;
const cache = new Map<string, { readonly source: string; readonly exports: ModuleExports }>();
const NOTHING: ModuleExports = { byVariable: new Map(), anonymousDefault: -1, names: [] };

/** The exports that a module declares itself; what it passes on from other modules counts there. */
export function exportsOf(url: string, source: string): ModuleExports {
  const cached = cache.get(url);
  if (cached !== undefined && cached.source === source) return cached.exports;
  const exports = parseExports(source);
  cache.set(url, { source, exports });
  return exports;
}

function parseExports(source: string): ModuleExports {
  // Only the CommonJS build can be loaded when it is needed, and synchronously; it compiles itself at the first parse.
  lexer ??= createRequire(import.meta.url)('es-module-lexer') as Lexer;
  let found: ReturnType<Lexer['parse']>[1];
  try {
    found = lexer.parse(source)[1];
  } catch {
    return NOTHING;
  }
  const byVariable = new Map<string, string>();
  const names: string[] = [];
  let anonymousDefault = -1;
  for (const entry of found) {
    if (entry.type !== 'direct' || entry.typeOnly) continue;
    names.push(entry.name);
    // The first name of a variable is as good as any further one.
    if (entry.localName !== undefined) {
      if (!byVariable.has(entry.localName)) byVariable.set(entry.localName, entry.name);
    } else if (entry.name === 'default') anonymousDefault = entry.end;
  }
  return { byVariable, anonymousDefault, names };
}

/**
 * Whether a function is the anonymous default export. Such an export has no variable that could be compared, but its
 * expression stands directly behind the words `export default`, is evaluated once, and is all there is.
 *
 * @param text - the function's own source, as its `toString()` gives it
 * @param offset - a place inside it: V8 names the parameter list of functions and the constructor of classes
 */
export function isAnonymousDefault(exports: ModuleExports, source: string, text: string, offset: number): boolean {
  if (exports.anonymousDefault < 0) return false;
  const start = source.lastIndexOf(text, offset);
  if (start < exports.anonymousDefault || offset > start + text.length) return false;
  const before = withoutComments(source.slice(exports.anonymousDefault, start));
  if (!/^[\s(]*$/.test(before)) return false;
  let after = withoutComments(source.slice(start + text.length));
  for (const character of before) if (character === '(') after = after.replace(/^\s*\)/, '');
  // Anything that goes on with the expression, such as a call, would export something else.
  return !/^\s*[()[.,?:+\-*/%&|^=<>!`]/.test(after);
}

function withoutComments(source: string): string {
  return source.replace(/^(?:\s|\/\*[\s\S]*?\*\/|\/\/[^\n]*(?:\n|$))+/, ' ').replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*(?=\n|$)/g, ' ');
}
