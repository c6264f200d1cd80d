/*
 * Which functions of a message are compiled in one piece. Only a variable to which one of them assigns makes a difference:
 * then all that have this very variable must go on to share it. Of any other a copy for each is as good.
 */
import type { SentFunction, SentVariable } from './sent-function.ts';

/** One function of a unit: its number in the message, and its variables by where they are declared. */
export interface UnitMember {
  readonly member: number;
  readonly own: readonly SentVariable[];
  readonly shared: readonly SentVariable[];
}

/** Divides the functions of a message into units. */
export function shareVariables(functions: readonly SentFunction[], fail: (reason: string) => never): UnitMember[][] {
  const cells = sharedCells(functions);
  if (cells.size === 0) return functions.map(({ variables }, member) => [{ member, own: variables, shared: [] }]);
  const names = new Set([...cells.values()].map(({ name }) => name));
  return components(functions.length, cells).map((members) => {
    const shared = new Map<string, string>();
    for (const [cell, { name, users }] of cells) {
      if (!members.includes(users[0] as number)) continue;
      const other = shared.get(name);
      if (other !== undefined && other !== cell) {
        fail(`its functions share two variables with the name '${name}', which can only travel under different names.`);
      }
      shared.set(name, cell);
    }
    return members.map((member) => {
      const { variables } = functions[member] as SentFunction;
      const isShared = (variable: SentVariable): boolean =>
        cells.get((names.has(variable.name) ? cellOf(variable) : undefined) ?? '')?.users.includes(member) === true;
      const values = [...shared].map(([name, cell]) => valueOf(functions, members, name, cell));
      return { member, own: variables.filter((variable) => !isShared(variable)), shared: values };
    });
  });
}

interface Cell {
  readonly name: string;
  readonly users: number[];
}

/** The variables that more than one function has and one assigns to. */
function sharedCells(functions: readonly SentFunction[]): Map<string, Cell> {
  const assigned = new Set<string>();
  for (const { variables } of functions) {
    for (const { name, isAssigned } of variables) if (isAssigned) assigned.add(name);
  }
  const cells = new Map<string, Cell>();
  if (assigned.size === 0 || functions.length < 2) return cells;
  for (const [member, { variables }] of functions.entries()) {
    for (const variable of variables) {
      const cell = assigned.has(variable.name) ? cellOf(variable) : undefined;
      if (cell === undefined) continue;
      const known = cells.get(cell);
      if (known === undefined) cells.set(cell, { name: variable.name, users: [member] });
      else known.users.push(member);
    }
  }
  for (const [cell, { name, users }] of cells) {
    const isAssigned = users.some((user) =>
      (functions[user] as SentFunction).variables.some((each) => each.name === name && each.isAssigned),
    );
    if (users.length < 2 || !isAssigned) cells.delete(cell);
  }
  return cells;
}

function components(count: number, cells: ReadonlyMap<string, Cell>): number[][] {
  const group = Array.from({ length: count }, (_, i) => i);
  const rootOf = (i: number): number => (group[i] === i ? i : (group[i] = rootOf(group[i] as number)));
  for (const { users } of cells.values()) for (const user of users) group[rootOf(user)] = rootOf(users[0] as number);
  const found = new Map<number, number[]>();
  for (let i = 0; i < count; i++) {
    const root = rootOf(i);
    const members = found.get(root);
    if (members === undefined) found.set(root, [i]);
    else members.push(i);
  }
  return [...found.values()];
}

function valueOf(
  functions: readonly SentFunction[],
  members: readonly number[],
  name: string,
  cell: string,
): SentVariable {
  for (const member of members) {
    const found = functions[member]?.variables.find((each) => each.name === name && cellOf(each) === cell);
    if (found !== undefined) return found;
  }
  throw new Error(`no function has the variable ${name}`);
}

/** Asked for once: it may take a look. */
function cellOf(variable: SentVariable): string | undefined {
  if (!known.has(variable)) known.set(variable, variable.cell());
  return known.get(variable);
}
const known = new WeakMap<SentVariable, string | undefined>();
