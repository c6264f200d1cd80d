import { childrenOf, nodeOf, nodesOf, type SyntaxNode } from './syntax.ts';

/** The names that a pattern, such as a parameter or the left side of `const {a, b: [c]} = …`, declares. */
export function namesInPattern(pattern: SyntaxNode, names: Set<string>): void {
  switch (pattern.type) {
    case 'Identifier':
      names.add(pattern['name'] as string);
      break;
    case 'ObjectPattern':
      for (const property of nodesOf(pattern['properties'])) {
        namesInPattern((nodeOf(property['value']) ?? nodeOf(property['argument'])) as SyntaxNode, names);
      }
      break;
    case 'ArrayPattern':
      for (const element of nodesOf(pattern['elements'])) namesInPattern(element, names);
      break;
    case 'AssignmentPattern':
      namesInPattern(pattern['left'] as SyntaxNode, names);
      break;
    case 'RestElement':
      namesInPattern(pattern['argument'] as SyntaxNode, names);
      break;
    default:
  }
}

/** What the statements of one block declare for all of it: let, const, classes, functions. */
export function declaredInBlock(statements: readonly SyntaxNode[], names: Set<string>): void {
  for (const statement of statements) {
    const declaration = nodeOf(statement['declaration']) ?? statement;
    if (declaration.type === 'VariableDeclaration') {
      for (const each of nodesOf(declaration['declarations'])) namesInPattern(each['id'] as SyntaxNode, names);
    } else if (declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') {
      const id = nodeOf(declaration['id']);
      if (id !== undefined) names.add(id['name'] as string);
    } else if (declaration.type === 'ImportDeclaration') {
      for (const each of nodesOf(declaration['specifiers'])) namesInPattern(each['local'] as SyntaxNode, names);
    }
  }
}

/** What `var` declares for a whole function, from wherever in it; functions in blocks do so in sloppy code. */
export function declaredByVar(node: SyntaxNode, names: Set<string>): void {
  if (node.type === 'VariableDeclaration' && node['kind'] === 'var') declaredInBlock([node], names);
  for (const child of childrenOf(node)) {
    if (child.type === 'FunctionDeclaration') declaredInBlock([child], names);
    else if (!OWN_VARIABLES.has(child.type)) declaredByVar(child, names);
  }
}

const OWN_VARIABLES: ReadonlySet<string> = new Set([
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassDeclaration',
  'ClassExpression',
  'StaticBlock',
]);
