import { createRequire } from 'node:module';
import type * as Acorn from 'acorn';

/** A node of a syntax tree (ESTree); what else it has depends on its type. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

let acorn: typeof Acorn | undefined;

/**
 * Parses a program as the runtime would, but with fewer rules: a part of a program may use what the rest gives it.
 * @throws SyntaxError
 */
export function parseProgram(source: string, sourceType: 'module' | 'script'): SyntaxNode {
  // Loaded when it is needed, and synchronously: most processes never parse anything.
  acorn ??= createRequire(import.meta.url)('acorn') as typeof Acorn;
  return acorn.parse(source, {
    ecmaVersion: 'latest',
    sourceType,
    allowReserved: true,
    allowHashBang: true,
    allowImportExportEverywhere: true,
    allowReturnOutsideFunction: true,
    allowSuperOutsideMethod: true,
    checkPrivateFields: false,
  }) as unknown as SyntaxNode;
}

/** In a function, so that `new.target` can be read, and refused by its name. */
const BEFORE = '(function(){return';

/**
 * Parses an expression. `shift` is where its text begins in what was parsed, from which the places of nodes count.
 * @throws SyntaxError
 */
export function parseExpression(
  text: string,
  open = '(',
  close = ')',
): { readonly node: SyntaxNode; readonly shift: number } {
  const program = parseProgram(`${BEFORE}${open}${text}\n${close}})`, 'script');
  const [statement] = nodesOf(program['body']) as [SyntaxNode];
  const body = (statement['expression'] as SyntaxNode)['body'] as SyntaxNode;
  const node = nodesOf(body['body'])[0]?.['argument'] as SyntaxNode;
  return { node, shift: BEFORE.length + open.length };
}

/** Whether a value of a node's property is a node itself. */
export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** The nodes directly below one. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) {
      for (const each of value) if (isNode(each)) children.push(each);
    } else if (isNode(value)) children.push(value);
  }
  return children;
}

/** A property that is a node, as one. */
export function nodeOf(value: unknown): SyntaxNode | undefined {
  return isNode(value) ? value : undefined;
}

/** A property that is a list of nodes; holes, as in `[, a]`, are left out. */
export function nodesOf(value: unknown): SyntaxNode[] {
  return Array.isArray(value) ? value.filter((each) => isNode(each)) : [];
}
