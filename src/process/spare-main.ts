import { familyArena } from '../memory/arena.ts';
import type { BlockPlace } from '../memory/heap.ts';
import { binding } from '../native/binding.ts';
import { killPoint } from '../native/kill-point.ts';
import { decode, encode } from '../reduction/codec.ts';
import { decodeBootHead } from './boot-record.ts';
import { OrderDesk, takeRecord } from './order-desk.ts';
import { decodeSpareOrder, encodeSpareOrder, type SpareHead } from './spare-order.ts';

/** In a spare: has everything loaded and compiled that most processes need first. */
export async function prepareSpare(): Promise<void> {
  // Node starts what imports modules with the first import, and this one is what most modules import, too.
  await import(new URL('../index.js', import.meta.url).href);
  decodeSpareOrder(encodeSpareOrder({ held: [[0, 0]], environment: [] }, new Uint8Array(1)));
  decode(encode([new Map([[1, { text: '' }]]), [new Float64Array(1)], new Error('')], 'nothing').bytes, { code: true });
}

/** Blocks until the spare has taken an order, and gives its boot record. One that was recalled ends the process. */
export function awaitOrder(place: BlockPlace): Buffer {
  const arena = familyArena();
  using desk = OrderDesk.attach(place);
  const { head, record } = decodeSpareOrder(takeRecord(arena, desk.await()));
  for (const [held, stamp] of head.held) binding.hold(arena.index, held, stamp);
  killPoint('prewarm.held');
  const { name, tied, parent, root } = decodeBootHead(record).head;
  if (!tied && parent.pid !== root.pid) binding.untieChild();
  if (!desk.take()) process.exit(1);
  binding.renameParticipant(arena.index, arena.self, name);
  apply(head);
  process.title = [process.argv0, ...process.execArgv, process.argv[1], name].join(' ');
  return record;
}

function apply({ environment }: SpareHead): void {
  for (const [name, value] of environment) {
    if (value === null) delete process.env[name];
    else process.env[name] = value;
  }
}
