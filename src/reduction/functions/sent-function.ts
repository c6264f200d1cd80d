import type { Head } from '../message-format.ts';
import type { AnyFunction } from '../reference.ts';
import type { ValuePath } from '../value-path.ts';
import type { FunctionCode } from './function-code.ts';
import type { Import, Variable } from './rebuilt.ts';

/** A function by value in a message that is being written. */
export interface SentFunction {
  readonly fn: AnyFunction;
  readonly code: FunctionCode;
  readonly placeholder: object;
  readonly head: [...Head];
  /** Where in the message it was met, for errors. */
  readonly place: ValuePath;
  readonly superclass: number | null | undefined;
  variables: readonly SentVariable[];
  imports: readonly Import[];
  privates: readonly unknown[];
}

/** A variable with what stands for its value. */
export interface SentVariable extends Variable {
  lowered: unknown;
}
