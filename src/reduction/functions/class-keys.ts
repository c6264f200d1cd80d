/*
 * Names of methods that a class computes: `[key]() {}`. The variables in there are used once, when the class is made, and
 * V8 does not keep them for that. But the methods have their names by now, so these are written down in their place.
 */
import type { AnyFunction } from '../reference.ts';
import { usesOf } from './free-names.ts';
import { nodesOf, parseExpression, type SyntaxNode } from './syntax.ts';

/** There may be such a name: a bracket where a member may begin. */
const MAYBE = /[{};\s*]\[/;

/** The text of a class with fixed names for fixed members. Names made of globals only, such as `[Symbol.iterator]`, stay. */
export function withFixedKeys(fn: AnyFunction, source: string): string {
  if (!source.startsWith('class') || !MAYBE.test(source)) return source;
  const { node, shift } = parseExpression(source);
  const body = node['body'] as SyntaxNode;
  let fixed = '';
  let at = 0;
  for (const member of nodesOf(body['body'])) {
    if (member.type !== 'MethodDefinition' || member['computed'] !== true) continue;
    const key = member['key'] as SyntaxNode;
    if ([...usesOf(key).names.keys()].every((name) => name === 'Symbol')) continue;
    const text = source.slice(member.start - shift, member.end - shift).replace(/^static\s+/, '');
    const found = keyOf(member['static'] === true ? fn : (fn.prototype as object), text);
    if (found === undefined) continue;
    fixed += source.slice(at, key.start - shift) + found.padEnd(key.end - key.start);
    at = key.end - shift;
  }
  return fixed + source.slice(at);
}

/** The expression for the key under which an object has the method or accessor with this text. */
function keyOf(object: object, text: string): string | undefined {
  for (const key of Reflect.ownKeys(object)) {
    const property = Object.getOwnPropertyDescriptor(object, key);
    const isIt = [property?.value, property?.get, property?.set].some(
      (each: unknown) => typeof each === 'function' && Function.prototype.toString.call(each) === text,
    );
    if (isIt) return typeof key === 'symbol' ? symbolExpression(key) : JSON.stringify(key);
  }
  return undefined;
}

function symbolExpression(symbol: symbol): string | undefined {
  const shared = Symbol.keyFor(symbol);
  if (shared !== undefined) return `Symbol.for(${JSON.stringify(shared)})`;
  const wellKnown = Object.getOwnPropertyNames(Symbol).find((name) => Reflect.get(Symbol, name) === symbol);
  return wellKnown === undefined ? undefined : `Symbol.${wellKnown}`;
}
