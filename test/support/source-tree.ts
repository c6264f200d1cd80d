import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type Argument, parseSync, type Program, Visitor } from 'oxc-parser';

/** One file of the repository; `path` is relative to the root, with `/`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TYPED_ARRAY = /^(Big)?(Int|Uint|Float)(8|16|32|64)(Clamped)?Array$/;
const NAMES_OF_BUFFERS = /buffer|memory|mapping|mapped|arena|segment|block|ring/i;

/** Every file below `folder` whose name ends as `pattern` says. */
export function readTree(folder: string, pattern: RegExp): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .toSorted()
    .map((name) => ({ path: `${folder}/${name}`, text: readFileSync(join(ROOT, folder, name), 'utf8') }));
}

/** The modules that a file names: imports and re-exports, of types too, `import()` of modules and of types. */
export function importsOf(file: SourceFile): string[] {
  const found: string[] = [];
  const add = (source: { readonly type: string; readonly value?: unknown } | null): void => {
    if (source?.type === 'Literal' && typeof source.value === 'string') found.push(source.value);
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source),
    TSImportType: (node) => add(node.source),
  }).visit(parse(file));
  return found.map((name) => (name.startsWith('.') ? posix.join(posix.dirname(file.path), name) : name));
}

/** The expressions of a file that reach into mapped memory, or may do so, each with its line. */
export function rawMemoryAccesses(file: SourceFile): string[] {
  const found: string[] = [];
  const add = (start: number, what: string): void => {
    found.push(`${file.path}:${file.text.slice(0, start).split('\n').length} ${what}`);
  };
  new Visitor({
    Identifier(node) {
      if (node.name === 'Atomics') add(node.start, 'Atomics');
    },
    NewExpression(node) {
      const name = lastName(node.callee);
      if (name === 'DataView') add(node.start, 'new DataView');
      if (TYPED_ARRAY.test(name) && mayBeOverABuffer(node.arguments)) add(node.start, `new ${name} over a buffer`);
    },
    CallExpression(node) {
      const isBufferFrom = node.callee.type === 'MemberExpression' && /^Buffer\.from$/.test(textOf(file, node.callee));
      if (isBufferFrom && mayBeOverABuffer(node.arguments)) add(node.start, 'Buffer.from a buffer');
    },
  }).visit(parse(file));
  return found;
}

/** True when a module does nothing but pass on what others export. */
export function onlyReExports(file: SourceFile): boolean {
  return parse(file).body.every(
    (statement) =>
      statement.type === 'ExportAllDeclaration' ||
      (statement.type === 'ExportNamedDeclaration' && statement.source !== null),
  );
}

function parse(file: SourceFile): Program {
  const { program, errors } = parseSync(file.path, file.text);
  const [error] = errors;
  if (error !== undefined) throw new SyntaxError(`${file.path}: ${error.message}`);
  return program;
}

function textOf(file: SourceFile, node: { readonly start: number; readonly end: number }): string {
  return file.text.slice(node.start, node.end);
}

/** `a` for `a`, `c` for `a.b.c`, otherwise nothing. */
function lastName(node: Argument): string {
  if (node.type === 'Identifier') return node.name;
  if (node.type === 'MemberExpression' && node.property.type === 'Identifier') return node.property.name;
  return '';
}

/** A second argument that is a number is an offset; a single argument is judged by its name. */
function mayBeOverABuffer(args: readonly Argument[]): boolean {
  const [first, second] = args;
  if (first === undefined) return false;
  const isEncoding = second?.type === 'Literal' && typeof second.value === 'string';
  return (second !== undefined && !isEncoding) || NAMES_OF_BUFFERS.test(lastName(first));
}
