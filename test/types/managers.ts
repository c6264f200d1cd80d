import { BaseManager, type ListProxy, Manager, type ObjectProxy, type Queue } from 'forkless';

const manager = await Manager({ callTimeout: 1000 });
const dict = manager.dict<number>({ a: 1 });
const list = manager.list(['a']);
const namespace = manager.Namespace({ a: 1, name: 'x' });
const big = manager.Value('q', 1n);

export const entry: number | undefined = dict['a'];
export const got: Promise<number | undefined> = dict.$.get('a');
export const pairs: [string | number, number][] = [...dict];
export const item: string | undefined = list[0];
export const lengths: number[] = list.map((text) => text.length);
export const pushed: Promise<number> = list.$.push('b');
export const name: string = namespace.update('name', (text) => `${text}!`);
export const value: bigint = big.value;
export const element: number | undefined = manager.Array('d', 3)[0];
export const queue: Queue<string> = manager.Queue<string>(3);
export const squares: number[] = manager.Pool(2).map((x: number) => x * x, [1, 2]);
export const later: Promise<number[]> = manager.Pool(2).$.map((x: number) => x * x, [1, 2]);

class Greeter {
  greet(who: string): string {
    return `hello ${who}`;
  }
}

class GreetingManager extends BaseManager {
  declare Greeter: () => ObjectProxy<Greeter> & Greeter;
  declare getList: () => ListProxy<number>;
}
GreetingManager.register('Greeter', { callable: Greeter, exposed: ['greet'] });
const greeting = await new GreetingManager({ address: ['localhost', 0], authkey: 'secret' }).start();
export const greeted: string = greeting.Greeter().greet('Ada');
export const greetedLater: Promise<string> = greeting.Greeter().$.greet('Ada');

// @ts-expect-error: a dict of numbers
dict['b'] = 'text';
// @ts-expect-error: a list of texts
list.push(1);
// @ts-expect-error: the type gives another kind of value
manager.Value('q', 1);
// @ts-expect-error: no such option
await Manager({ timeout: 1 });
// @ts-expect-error: a name of a greeter is a text
void greeting.Greeter().$.greet(1);
