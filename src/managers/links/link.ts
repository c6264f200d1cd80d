/** How a process speaks to a manager's server. */
export interface Link {
  /** Calls a method of an object there, and blocks the thread until it has answered. */
  callSync(object: number, method: string, args: readonly unknown[]): unknown;
  /** The same without blocking. */
  call(object: number, method: string, args: readonly unknown[]): Promise<unknown>;
  /** For people: which manager it is. */
  readonly title: string;
}
