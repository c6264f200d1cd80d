import { createRequire } from 'node:module';
import type * as EsModuleLexer from 'es-module-lexer';

import { nodeOf, nodesOf, parseProgram, type SyntaxNode } from './syntax.ts';

/** What a variable that `import` declares stands for. */
export interface ImportBinding {
  /** As it is written in the source. */
  readonly specifier: string;
  /** The name of the export; `*` for all of the module. */
  readonly name: string;
}

const cache = new Map<string, { readonly source: string; readonly imports: ReadonlyMap<string, ImportBinding> }>();

/** The variables that a module imports, by its source. Those with attributes (`with { type: 'json' }`) are left out. */
export function importsOf(url: string, source: string): ReadonlyMap<string, ImportBinding> {
  const cached = cache.get(url);
  if (cached?.source === source) return cached.imports;
  const imports = readImports(source);
  cache.set(url, { source, imports });
  return imports;
}

function readImports(source: string): Map<string, ImportBinding> {
  const imports = new Map<string, ImportBinding>();
  if (!source.includes('import')) return imports;
  const lexer = createRequire(import.meta.url)('es-module-lexer') as typeof EsModuleLexer;
  let statements: string[];
  try {
    // Only the statements themselves are parsed: the module may be long.
    statements = lexer
      .parse(source)[0]
      .filter(({ type }) => type === 'static')
      .map(({ importStart, importEnd }) => source.slice(importStart, importEnd));
  } catch {
    return imports;
  }
  for (const statement of statements) {
    for (const node of nodesOf(parseProgram(statement, 'module')['body'])) addImports(node, imports);
  }
  return imports;
}

function addImports(node: SyntaxNode, imports: Map<string, ImportBinding>): void {
  if (node.type !== 'ImportDeclaration' || nodesOf(node['attributes']).length > 0) return;
  const specifier = (node['source'] as SyntaxNode)['value'] as string;
  for (const each of nodesOf(node['specifiers'])) {
    const imported = nodeOf(each['imported']);
    const name =
      each.type === 'ImportNamespaceSpecifier'
        ? '*'
        : each.type === 'ImportDefaultSpecifier'
          ? 'default'
          : ((imported?.['name'] ?? imported?.['value']) as string);
    imports.set((each['local'] as SyntaxNode)['name'] as string, { specifier, name });
  }
}
