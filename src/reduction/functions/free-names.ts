import { declaredByVar, declaredInBlock, namesInPattern } from './declarations.ts';
import { childrenOf, isNode, nodeOf, nodesOf, type SyntaxNode } from './syntax.ts';

/** What belongs to the function around an arrow function, or to the object around a method. */
export type Surrounding = 'this' | 'super' | 'arguments' | 'new.target';

/** What a piece of code uses that is not its own. */
export interface Uses {
  /** Names of variables → whether it assigns to them. */
  readonly names: Map<string, boolean>;
  readonly surroundings: Set<Surrounding>;
  /** Private names of a class around it. */
  readonly privateNames: Set<string>;
  /** The places of `import.meta`. */
  readonly metas: SyntaxNode[];
  /** The places of `import(…)`. */
  readonly imports: SyntaxNode[];
}

interface Scope {
  readonly names: Set<string>;
  readonly parent: Scope | undefined;
  /** Functions but arrow functions: they have a `this` and `arguments` of their own. */
  readonly isFunction?: boolean;
  /** They also have a `super`: methods, initializers of fields. */
  readonly hasHome?: boolean;
  readonly privateNames?: Set<string>;
}

/** Finds what an expression uses that is not declared in it. */
export function usesOf(expression: SyntaxNode): Uses {
  const finder = new Finder();
  finder.visit(expression, { names: new Set(), parent: undefined });
  return finder.uses;
}

class Finder {
  readonly uses: Uses = {
    names: new Map<string, boolean>(),
    surroundings: new Set<Surrounding>(),
    privateNames: new Set<string>(),
    metas: [],
    imports: [],
  };

  visit(node: SyntaxNode, scope: Scope): void {
    switch (node.type) {
      case 'Identifier':
        return this.#refer(node['name'] as string, scope, false);
      case 'PrivateIdentifier':
        return this.#privateName(node['name'] as string, scope);
      case 'ThisExpression':
        return this.#surrounding('this', scope);
      case 'Super':
        return this.#surrounding('super', scope);
      case 'MetaProperty':
        return this.#meta(node, scope);
      case 'ImportExpression':
        this.uses.imports.push(node);
        break;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return this.#function(node, scope, false);
      case 'ClassDeclaration':
      case 'ClassExpression':
        return this.#class(node, scope);
      case 'BlockStatement':
        return this.#block(node, nodesOf(node['body']), scope);
      case 'SwitchStatement':
        return this.#block(
          node,
          nodesOf(node['cases']).flatMap((each) => nodesOf(each['consequent'])),
          scope,
        );
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement':
        return this.#loop(node, scope);
      case 'CatchClause':
        return this.#catch(node, scope);
      case 'VariableDeclarator':
        this.#pattern(node['id'] as SyntaxNode, scope);
        return this.#optional(node['init'], scope);
      case 'AssignmentExpression':
        this.#assign(node['left'] as SyntaxNode, scope);
        return this.visit(node['right'] as SyntaxNode, scope);
      case 'UpdateExpression':
        return this.#assign(node['argument'] as SyntaxNode, scope);
      case 'MemberExpression':
        this.visit(node['object'] as SyntaxNode, scope);
        return this.#key(node, node['property'] as SyntaxNode, scope);
      case 'Property':
        this.#key(node, node['key'] as SyntaxNode, scope);
        if (node['method'] === true || node['kind'] !== 'init') {
          return this.#function(node['value'] as SyntaxNode, scope, true);
        }
        return this.visit(node['value'] as SyntaxNode, scope);
      case 'LabeledStatement':
        return this.visit(node['body'] as SyntaxNode, scope);
      case 'BreakStatement':
      case 'ContinueStatement':
        return;
      default:
    }
    for (const child of childrenOf(node)) this.visit(child, scope);
  }

  #optional(node: unknown, scope: Scope): void {
    if (isNode(node)) this.visit(node, scope);
  }

  #key(owner: SyntaxNode, key: SyntaxNode, scope: Scope): void {
    if (owner['computed'] === true || (key.type === 'PrivateIdentifier' && owner.type === 'MemberExpression')) {
      this.visit(key, scope);
    }
  }

  #function(node: SyntaxNode, outer: Scope, hasHome: boolean): void {
    const names = new Set<string>();
    const isFunction = node.type !== 'ArrowFunctionExpression';
    const id = nodeOf(node['id']);
    if (id !== undefined && node.type === 'FunctionExpression') names.add(id['name'] as string);
    const parameters = nodesOf(node['params']);
    for (const parameter of parameters) namesInPattern(parameter, names);
    const body = node['body'] as SyntaxNode;
    if (body.type === 'BlockStatement') {
      declaredByVar(body, names);
      declaredInBlock(nodesOf(body['body']), names);
    }
    const scope: Scope = { names, parent: outer, isFunction, hasHome };
    for (const parameter of parameters) this.#pattern(parameter, scope);
    if (body.type === 'BlockStatement') for (const child of childrenOf(body)) this.visit(child, scope);
    else this.visit(body, scope);
  }

  #class(node: SyntaxNode, outer: Scope): void {
    const body = node['body'] as SyntaxNode;
    const members = nodesOf(body['body']);
    const id = nodeOf(node['id']);
    const names = new Set<string>(id === undefined ? [] : [id['name'] as string]);
    const privateNames = new Set<string>();
    for (const member of members) {
      const key = nodeOf(member['key']);
      if (key?.type === 'PrivateIdentifier') privateNames.add(key['name'] as string);
    }
    const scope: Scope = { names, parent: outer, privateNames };
    this.#optional(node['superClass'], scope);
    for (const member of members) {
      if (member.type !== 'StaticBlock') this.#key(member, member['key'] as SyntaxNode, scope);
      if (member.type === 'MethodDefinition') this.#function(member['value'] as SyntaxNode, scope, true);
      else this.#initializer(member, scope);
    }
  }

  #initializer(member: SyntaxNode, outer: Scope): void {
    const names = new Set<string>();
    if (member.type === 'StaticBlock') {
      declaredByVar(member, names);
      declaredInBlock(nodesOf(member['body']), names);
    }
    const scope: Scope = { names, parent: outer, isFunction: true, hasHome: true };
    if (member.type === 'StaticBlock') for (const child of childrenOf(member)) this.visit(child, scope);
    else this.#optional(member['value'], scope);
  }

  #block(node: SyntaxNode, statements: readonly SyntaxNode[], outer: Scope): void {
    const names = new Set<string>();
    declaredInBlock(statements, names);
    const scope: Scope = { names, parent: outer };
    for (const child of childrenOf(node)) this.visit(child, scope);
  }

  #loop(node: SyntaxNode, outer: Scope): void {
    const names = new Set<string>();
    const first = nodeOf(node['init']) ?? nodeOf(node['left']);
    if (first?.type === 'VariableDeclaration') declaredInBlock([first], names);
    const scope: Scope = { names, parent: outer };
    const isTarget = node.type !== 'ForStatement' && first !== undefined && first.type !== 'VariableDeclaration';
    if (isTarget) this.#assign(first, scope);
    for (const child of childrenOf(node)) if (!isTarget || child !== first) this.visit(child, scope);
  }

  #catch(node: SyntaxNode, outer: Scope): void {
    const names = new Set<string>();
    const parameter = nodeOf(node['param']);
    if (parameter !== undefined) namesInPattern(parameter, names);
    const scope: Scope = { names, parent: outer };
    if (parameter !== undefined) this.#pattern(parameter, scope);
    this.visit(node['body'] as SyntaxNode, scope);
  }

  /** What declares names uses others in its defaults and computed keys only. */
  #pattern(pattern: SyntaxNode, scope: Scope): void {
    this.#target(pattern, scope, () => undefined);
  }

  #assign(pattern: SyntaxNode, scope: Scope): void {
    this.#target(pattern, scope, (target) => {
      if (target.type === 'Identifier') this.#refer(target['name'] as string, scope, true);
      else this.visit(target, scope);
    });
  }

  #target(pattern: SyntaxNode, scope: Scope, use: (target: SyntaxNode) => void): void {
    switch (pattern.type) {
      case 'ObjectPattern':
        for (const property of nodesOf(pattern['properties'])) {
          if (property.type === 'Property') this.#key(property, property['key'] as SyntaxNode, scope);
          this.#target((nodeOf(property['value']) ?? nodeOf(property['argument'])) as SyntaxNode, scope, use);
        }
        break;
      case 'ArrayPattern':
        for (const element of nodesOf(pattern['elements'])) this.#target(element, scope, use);
        break;
      case 'AssignmentPattern':
        this.#target(pattern['left'] as SyntaxNode, scope, use);
        this.visit(pattern['right'] as SyntaxNode, scope);
        break;
      case 'RestElement':
        this.#target(pattern['argument'] as SyntaxNode, scope, use);
        break;
      default:
        use(pattern);
    }
  }

  #refer(name: string, scope: Scope, assigned: boolean): void {
    for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
      if (at.names.has(name) || (name === 'arguments' && at.isFunction === true)) return;
    }
    if (name === 'arguments') this.uses.surroundings.add('arguments');
    else this.uses.names.set(name, assigned || this.uses.names.get(name) === true);
  }

  #surrounding(what: Surrounding, scope: Scope): void {
    for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
      if (what === 'super' ? at.hasHome === true : at.isFunction === true) return;
    }
    this.uses.surroundings.add(what);
  }

  #meta(node: SyntaxNode, scope: Scope): void {
    if ((node['meta'] as SyntaxNode)['name'] === 'import') this.uses.metas.push(node);
    else this.#surrounding('new.target', scope);
  }

  #privateName(name: string, scope: Scope): void {
    for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
      if (at.privateNames?.has(name) === true) return;
    }
    this.uses.privateNames.add(name);
  }
}
