/*
 * What the text of a function says about it. `toString()` gives the text as it was written, but a method's text is no
 * expression by itself, and some parts must not be evaluated again by a receiver:
 *
 *   import.meta, import(…)         become variables of the same length, IMPORT_META and IMPORT
 *   the key of a method            is fixed when it is computed; the function's name travels as a property
 *   extends <expression>           becomes extends SUPER: the class that it was, not one made anew
 *   static fields, static blocks   are blanked out: the values of now travel as properties
 *   static #private                the same, with an accessor at the end of the class
 *
 * Nothing moves by that, so that lines and columns in stack traces stay right.
 */
import { usesOf, type Surrounding } from './free-names.ts';
import { nodeOf, nodesOf, parseExpression, type SyntaxNode } from './syntax.ts';

/** How the text is made an expression: as it is, as a class, or as a member of an object. */
export type Form = 'expression' | 'class' | 'method';

export const IMPORT_META = 'import$meta';
export const IMPORT = 'imp$rt';
export const SUPER = 'forkless$super';
export const PRIVATES = 'forkless$privates';

export interface FunctionText {
  readonly form: Form;
  /** What a receiver compiles. */
  readonly code: string;
  /** Free names → whether they are assigned to. */
  readonly names: ReadonlyMap<string, boolean>;
  /** Those that are needed when a class is made, by its computed keys. */
  readonly eagerNames: ReadonlySet<string>;
  readonly surroundings: ReadonlySet<Surrounding>;
  /** A private name of a class around it. */
  readonly foreignPrivateName: string | undefined;
  readonly usesMeta: boolean;
  readonly usesImport: boolean;
  readonly hasSuperclass: boolean;
  /** Static private fields, in their order. */
  readonly staticPrivates: readonly string[];
  /** The name that a function made of the code has by itself. */
  readonly naturalName: string;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Reads the text of a function. @throws SyntaxError when it cannot be read. */
export function readFunctionText(text: string): FunctionText {
  const { form, node, shift } = parseFunction(text);
  const edits: Edit[] = [];
  const fn = form === 'method' ? (node['value'] as SyntaxNode) : node;
  const written = usesOf(fn);
  for (const meta of written.metas) edits.push({ start: meta.start, end: meta.end, text: IMPORT_META });
  for (const { start } of written.imports) edits.push({ start, end: start + IMPORT.length, text: IMPORT });
  if (form === 'method') fixKey(node, edits);
  const { staticPrivates, eager } = form === 'class' ? editClass(node, text, shift, edits) : NO_CLASS;
  const code = apply(text, shift, edits);
  // What a class used in parts that are blanked out does not travel.
  const uses = form === 'class' && edits.length > 0 ? usesOf(parseFunction(code).node) : written;
  // A function inside of one that came by value has them as variables.
  const usesMeta = written.metas.length > 0 || uses.names.has(IMPORT_META);
  const usesImport = written.imports.length > 0 || uses.names.has(IMPORT);
  for (const name of [IMPORT_META, IMPORT, SUPER, PRIVATES]) uses.names.delete(name);
  const eagerNames = new Set(eager.flatMap((key) => [...usesOf(key).names.keys()]));
  const [foreignPrivateName] = uses.privateNames;
  return {
    form,
    code,
    names: uses.names,
    eagerNames,
    surroundings: uses.surroundings,
    foreignPrivateName,
    usesMeta,
    usesImport,
    hasSuperclass: form === 'class' && nodeOf(node['superClass']) !== undefined,
    staticPrivates,
    naturalName: naturalName(form, node),
  };
}

const NO_CLASS = { staticPrivates: [], eager: [] };

/** The function's node; `shift` is where its text begins in what was parsed. */
function parseFunction(text: string): { readonly form: Form; readonly node: SyntaxNode; readonly shift: number } {
  try {
    const { node: expression, shift } = parseExpression(text);
    if (expression.type === 'ClassExpression') return { form: 'class', node: expression, shift };
    if (/^(?:Function|ArrowFunction)Expression$/.test(expression.type)) {
      return { form: 'expression', node: expression, shift };
    }
  } catch {
    // A method: see below.
  }
  try {
    const { node: object, shift } = parseExpression(text, '({', '})');
    const [property] = nodesOf(object['properties']);
    if (property !== undefined) return { form: 'method', node: property, shift };
  } catch {
    // A private method.
  }
  const { node: holder, shift } = parseExpression(text, '(class{', '})');
  const body = holder['body'] as SyntaxNode;
  return { form: 'method', node: nodesOf(body['body'])[0] as SyntaxNode, shift };
}

function fixKey(method: SyntaxNode, edits: Edit[]): void {
  const key = method['key'] as SyntaxNode;
  if (method['computed'] !== true && key.type !== 'PrivateIdentifier') return;
  if (method['computed'] !== true) edits.push({ start: key.start, end: key.end, text: 'm' });
  // From before the bracket to behind it: blanks may be around the key.
  else edits.push({ start: key.start - 1, end: key.end + 1, text: '"m"' });
}

function editClass(
  node: SyntaxNode,
  text: string,
  shift: number,
  edits: Edit[],
): { readonly staticPrivates: string[]; readonly eager: SyntaxNode[] } {
  const staticPrivates: string[] = [];
  const eager: SyntaxNode[] = [];
  const superclass = nodeOf(node['superClass']);
  if (superclass !== undefined) edits.push({ start: superclass.start, end: superclass.end, text: SUPER });
  const body = node['body'] as SyntaxNode;
  for (const member of nodesOf(body['body'])) {
    const key = nodeOf(member['key']);
    const isField = member.type === 'PropertyDefinition' && member['static'] === true;
    const value = nodeOf(member['value']);
    if (member.type === 'StaticBlock' || (isField && key?.type !== 'PrivateIdentifier')) {
      edits.push({ start: member.start, end: member.end, text: '' });
    } else if (isField) {
      staticPrivates.push(key?.['name'] as string);
      if (value !== undefined) edits.push({ start: value.start, end: value.end, text: '0' });
    } else if (member['computed'] === true) eager.push(key as SyntaxNode);
  }
  if (staticPrivates.length > 0) {
    const targets = staticPrivates.map((name) => `this.#${name}`).join(',');
    const at = shift + text.length - 1;
    edits.push({ start: at, end: at, text: `static{${PRIVATES}=(v)=>v===undefined?[${targets}]:([${targets}]=v)}` });
  }
  return { staticPrivates, eager };
}

/** Puts each text in its place, filled up with blanks; line breaks stay. */
function apply(text: string, shift: number, edits: Edit[]): string {
  edits.sort((a, b) => a.start - b.start);
  let code = '';
  let at = 0;
  for (const edit of edits) {
    const start = edit.start - shift;
    // Inside of what is gone already.
    if (start < at) continue;
    const end = edit.end - shift;
    const rest = text
      .slice(start, end)
      .slice(edit.text.length)
      .replace(/[^\n\r\u2028\u2029]/g, ' ');
    const broken = /[\n\r\u2028\u2029]/.test(text.slice(start, start + edit.text.length));
    const blanks = broken ? text.slice(start, end).replace(/[^\n\r\u2028\u2029]/g, '') : rest;
    code += text.slice(at, start) + edit.text + blanks;
    at = end;
  }
  return code + text.slice(at);
}

function naturalName(form: Form, node: SyntaxNode): string {
  if (form !== 'method') return (nodeOf(node['id'])?.['name'] as string | undefined) ?? '';
  if (node['computed'] === true) return 'm';
  const key = node['key'] as SyntaxNode;
  const name = key.type === 'PrivateIdentifier' ? 'm' : ((key['name'] ?? key['value']) as string);
  const prefix = node['kind'] === 'get' || node['kind'] === 'set' ? `${node['kind']} ` : '';
  return `${prefix}${name}`;
}
