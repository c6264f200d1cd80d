import { createRequire } from 'node:module';
import type * as EsModuleLexer from 'es-module-lexer';

/** What a module exports of its own, from its source. */
export interface ModuleExports {
  /** Local variable → name of the export. */
  readonly byVariable: ReadonlyMap<string, string>;
  /** Where the source of an anonymous default export begins; -1 when there is none. */
  readonly anonymousDefault: number;
  /** All names, for messages. */
  readonly names: readonly string[];
}

const KEYWORDS: ReadonlySet<string> = new Set([
  'function',
  'class',
  'async',
  'new',
  'await',
  'typeof',
  'void',
  'this',
  'null',
  'true',
  'false',
]);
/** What follows an expression and makes it another one; anything else ends it. */
const GOES_ON = /^\s*(?:[()[.,?:+\-*/%&|^=<>!`]|(?:in|instanceof)\b)/;

/** What stands before a declaration; an expression would come after an operator or a keyword. */
const STATEMENT_BEGINS = /(?:^|[;}]|[^\s=(,?:&|+\-*/!~^%<>[.{]\s*\n)\s*$/;

type Lexer = typeof EsModuleLexer;

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

function parse(source: string): ReturnType<Lexer['parse']>[1] {
  // Only the CommonJS build can be loaded when it is needed, and synchronously; it compiles itself at the first parse.
  lexer ??= createRequire(import.meta.url)('es-module-lexer') as Lexer;
  return lexer.parse(source)[1];
}

function parseExports(source: string): ModuleExports {
  // Most main scripts: the lexer need not be loaded.
  if (!source.includes('export')) return NOTHING;
  let found: ReturnType<typeof parse>;
  try {
    found = parse(source);
  } catch {
    return NOTHING;
  }
  const byVariable = new Map<string, string>();
  const names: string[] = [];
  let anonymousDefault = -1;
  for (const entry of found) {
    if (entry.type !== 'direct' || entry.typeOnly) continue;
    names.push(entry.name);
    const variable = variableOf(entry, source);
    // The first name of a variable is as good as any further one.
    if (variable === undefined) anonymousDefault = entry.end;
    else if (!byVariable.has(variable)) byVariable.set(variable, entry.name);
  }
  return { byVariable, anonymousDefault, names };
}

/** The local variable of an export. Of `export default work;` the lexer does not tell it. */
function variableOf(
  entry: { readonly name: string; readonly end: number; readonly localName: string | undefined },
  source: string,
): string | undefined {
  // It takes the `extends` of a class without a name for the name.
  if (entry.localName !== undefined && entry.localName !== 'extends') return entry.localName;
  const expression = withoutComments(source.slice(entry.end));
  const name = /^\s*([\p{ID_Start}$_][\p{ID_Continue}$_]*)(?![\p{ID_Continue}$_])/u.exec(expression);
  if (name?.[1] === undefined || KEYWORDS.has(name[1]) || GOES_ON.test(expression.slice(name[0].length)))
    return undefined;
  return name[1];
}

/**
 * Whether a function is what the module's own variable `name` was declared as: `function name() {}`, `class name {}` or
 * `const name = () => …`. V8 keeps no variable of a module that only its top level uses, such as that of
 * `export default name;`, so that there is nothing to compare; the declaration has to do.
 *
 * The trick: the lexer sees an `export` at the top level only. So one is put in front of the declaration, and when the
 * lexer finds it, the declaration is no nested one of the same name.
 */
export function isTopLevelDeclaration(name: string, source: string, text: string, offset: number): boolean {
  const start = source.lastIndexOf(text, offset);
  if (start < 0 || offset > start + text.length) return false;
  const before = source.slice(0, start);
  let declaration = start;
  const constant = new RegExp(`\\bconst\\s+${name.replaceAll('$', '\\$')}\\s*=\\s*$`, 'u').exec(before);
  if (constant !== null && !GOES_ON.test(withoutComments(source.slice(start + text.length))))
    declaration = constant.index;
  else if (
    !/^(?:async\s+)?(?:function|class)\b/.test(text) ||
    !STATEMENT_BEGINS.test(withoutComments(before.slice(-200)))
  )
    return false;
  const probe = `${source.slice(0, declaration)}export ${source.slice(declaration)}`;
  try {
    return parse(probe).some(
      (entry) => entry.type === 'direct' && entry.exportStart === declaration && entry.localName === name,
    );
  } catch {
    return false;
  }
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
  return !GOES_ON.test(after);
}

/** Good enough for the few characters around an expression; inside of texts it would do harm. */
function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*(?=\n|$)/g, ' ');
}
