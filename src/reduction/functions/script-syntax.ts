import { declaredByVar, declaredInBlock, namesInPattern } from './declarations.ts';
import { childrenOf, nodeOf, nodesOf, parseProgram, type SyntaxNode } from './syntax.ts';

/** Where a variable is declared. */
export interface Declaration {
  /** At the top level of its script: there is one of it in a process. */
  readonly isTopLevel: boolean;
  /** Where what initializes it for good begins: a function, a class, or the right side of a `const`. */
  readonly initializer: SyntaxNode | undefined;
  readonly kind: 'var' | 'let' | 'const' | 'class' | 'function' | 'other';
}

const cache = new Map<string, ScriptSyntax>();

/** The syntax of a whole script. It is parsed when somebody asks about a place in it. */
export class ScriptSyntax {
  readonly #source: string;
  readonly #isModule: boolean;
  #program: SyntaxNode | undefined | null;

  /** The one for a script, made once. */
  static of(url: string, source: string, isModule: boolean): ScriptSyntax {
    const cached = cache.get(url);
    if (cached !== undefined && cached.#source === source) return cached;
    const syntax = new ScriptSyntax(source, isModule);
    cache.set(url, syntax);
    return syntax;
  }

  private constructor(source: string, isModule: boolean) {
    this.#source = source;
    this.#isModule = isModule;
  }

  /** Whether strict mode is on for the function that begins at a place. */
  isStrictAt(offset: number): boolean {
    if (this.#isModule) return true;
    if (!this.#source.includes('use strict')) return false;
    return this.#around(offset).some(
      (node) =>
        node.type.startsWith('Class') ||
        nodesOf(node.type === 'Program' ? node['body'] : nodeOf(node['body'])?.['body']).some(
          (statement) => statement['directive'] === 'use strict',
        ),
    );
  }

  /** Whether `this` at a place is that of the script, not of a function or class. */
  isTopLevelThis(offset: number): boolean {
    return !this.#around(offset).some(
      (node) => node.type.startsWith('Class') || /^Function(?:Declaration|Expression)$/.test(node.type),
    );
  }

  /** What the name of a variable means at a place. */
  declarationOf(name: string, offset: number): Declaration | undefined {
    for (const node of this.#around(offset).toReversed()) {
      const found = declaredBy(node, name);
      if (found !== undefined) return { ...found, isTopLevel: node.type === 'Program' };
    }
    return undefined;
  }

  /**
   * Variables beside another one, of which every run of the code around them has values of its own: functions, classes
   * and literals. So if two functions have the same value of one, they have the same variables. No variable further
   * out has the same name.
   */
  witnessesOf(name: string, offset: number): string[] {
    const around = this.#around(offset);
    const at = around.findLastIndex((node) => declaredBy(node, name) !== undefined);
    const node = around[at];
    // Each turn of a loop has variables of its own, but with the same values.
    if (node === undefined || node.type === 'Program' || node.type.startsWith('For')) return [];
    const block = nodeOf(node['body']) ?? node;
    const names = new Set<string>();
    declaredInBlock(nodesOf(block['body']), names);
    // A function and its body are two nodes.
    const isScope = (other: SyntaxNode): boolean => other === node || other['body'] === node;
    const text = this.#source.slice(block.start, block.end);
    return [...names].filter((each) => {
      const { kind, initializer } = declaredBy(node, each) ?? NOWHERE;
      const isOnly = around.every((other) => isScope(other) || declaredBy(other, each) === undefined);
      return (
        isOnly && initializer !== undefined && FRESH.has(initializer.type) && (kind === 'const' || !assigns(text, each))
      );
    });
  }

  /**
   * Whether a variable that looks undefined has not got its value yet. V8 shows both alike; here it is certain at least
   * for those that are declared with something that is never undefined.
   */
  isUninitialized(name: string, offset: number): boolean {
    const declaration = this.declarationOf(name, offset);
    if (declaration?.initializer === undefined || declaration.kind === 'function') return false;
    return FRESH.has(declaration.initializer.type) || DEFINED.has(declaration.initializer.type);
  }

  /** The nodes around the function that begins at a place, from the outermost on. */
  #around(offset: number): SyntaxNode[] {
    const nodes: SyntaxNode[] = [];
    for (let at = this.#parsed(); at !== undefined;) {
      nodes.push(at);
      at = childrenOf(at).find((child) => child.start <= offset && offset < child.end && child.start !== offset);
    }
    return nodes;
  }

  #parsed(): SyntaxNode | undefined {
    if (this.#program === undefined) {
      try {
        this.#program = parseProgram(this.#source, this.#isModule ? 'module' : 'script');
      } catch {
        this.#program = null;
      }
    }
    return this.#program ?? undefined;
  }
}

const NOWHERE = { kind: 'other', initializer: undefined } as const;

/** What makes a new object each time that it runs. */
const FRESH: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassDeclaration',
  'ClassExpression',
  'ObjectExpression',
  'ArrayExpression',
]);
/** What else is never undefined. */
const DEFINED: ReadonlySet<string> = new Set(['Literal', 'TemplateLiteral', 'NewExpression', 'BinaryExpression']);

function assigns(text: string, name: string): boolean {
  return new RegExp(`(?<![.\\w$])${name.replaceAll('$', '\\$')}\\s*=(?![=>])`).test(text);
}

function declaredBy(node: SyntaxNode, name: string): Omit<Declaration, 'isTopLevel'> | undefined {
  switch (node.type) {
    case 'Program':
      return declaredAmong(nodesOf(node['body']), name) ?? declaredDeep(node, name);
    case 'BlockStatement':
    case 'StaticBlock':
      return declaredAmong(nodesOf(node['body']), name);
    case 'ForStatement':
    case 'ForInStatement':
    case 'ForOfStatement':
      return declaredAmong(
        [nodeOf(node['init']) ?? nodeOf(node['left'])].filter((each) => each !== undefined),
        name,
      );
    case 'CatchClause':
      return declaredInPatterns(
        [nodeOf(node['param'])].filter((each) => each !== undefined),
        name,
      );
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return declaredInPatterns(nodesOf(node['params']), name) ?? declaredDeep(node['body'] as SyntaxNode, name);
    default:
      return undefined;
  }
}

function declaredAmong(statements: readonly SyntaxNode[], name: string): Omit<Declaration, 'isTopLevel'> | undefined {
  for (const statement of statements) {
    const declaration = nodeOf(statement['declaration']) ?? statement;
    const names = new Set<string>();
    declaredInBlock([declaration], names);
    if (!names.has(name)) continue;
    if (declaration.type === 'FunctionDeclaration') return { kind: 'function', initializer: declaration };
    if (declaration.type === 'ClassDeclaration') return { kind: 'class', initializer: declaration };
    if (declaration.type !== 'VariableDeclaration') return { kind: 'other', initializer: undefined };
    const kind = declaration['kind'] as 'var' | 'let' | 'const';
    const declarator = nodesOf(declaration['declarations']).find(
      ({ id }) => (id as SyntaxNode).type === 'Identifier' && (id as SyntaxNode)['name'] === name,
    );
    return { kind, initializer: kind === 'const' ? nodeOf(declarator?.['init']) : undefined };
  }
  return undefined;
}

function declaredInPatterns(
  patterns: readonly SyntaxNode[],
  name: string,
): Omit<Declaration, 'isTopLevel'> | undefined {
  const names = new Set<string>();
  for (const pattern of patterns) namesInPattern(pattern, names);
  return names.has(name) ? { kind: 'other', initializer: undefined } : undefined;
}

function declaredDeep(node: SyntaxNode, name: string): Omit<Declaration, 'isTopLevel'> | undefined {
  const names = new Set<string>();
  declaredByVar(node, names);
  if (!names.has(name)) return undefined;
  return declaredAmong(nodesOf(node['body']), name) ?? { kind: 'var', initializer: undefined };
}
