// One process of the torture: channel-party.js <producer|consumer> <channel> <form> <id>
// What it did stands in its log, written by one system call per message, so that a SIGKILL leaves what was done.
import { openSync, writeSync } from 'node:fs';

import { EOFError, FloatChannel } from '../../dist/index.js';

const [role, name, form, id, log] = process.argv.slice(2);
const LONGEST = 512;
const file = openSync(log, 'a');
const channel = openOrLeave();
const inPlace = form.startsWith('inPlace');
const isSync = form.endsWith('Sync');

/** When the torture has ended while this process was starting, there is nothing to do. */
function openOrLeave() {
  try {
    return FloatChannel.open(name);
  } catch (error) {
    if (error.errno !== 'ENOENT') throw error;
    return process.exit(0);
  }
}

/** [producer, sequence, length, ...values, sum] */
function fill(view, sequence) {
  view[0] = Number(id);
  view[1] = sequence;
  view[2] = view.length;
  let sum = view[0] + view[1] + view[2];
  for (let index = 3; index < view.length - 1; index++) sum += view[index] = sequence * 31 + index;
  view[view.length - 1] = sum;
}

function note(view) {
  let sum = 0;
  for (let index = 0; index < view.length - 1; index++) sum += view[index];
  const whole = view.length > 3 && view[2] === view.length && view[view.length - 1] === sum;
  writeSync(file, whole ? `${view[0]} ${view[1]}\n` : `corrupt ${view.length} ${view.slice(0, 4)}\n`);
}

const lengthOf = (sequence) => 4 + ((sequence * 37 + Number(id)) % (LONGEST - 4));

async function produce() {
  for (let sequence = 0; ; sequence++) {
    const length = lengthOf(sequence);
    if (inPlace && isSync) channel.produceSync(length, (view) => fill(view, sequence));
    else if (inPlace) await channel.produce(length, (view) => fill(view, sequence));
    else {
      const message = new Float64Array(length);
      fill(message, sequence);
      if (isSync) channel.sendSync(message);
      else await channel.send(message);
    }
    writeSync(file, `${sequence}\n`);
  }
}

async function consume() {
  for (;;) {
    if (inPlace && isSync) channel.consumeSync(note);
    else if (inPlace) await channel.consume(note);
    else note(isSync ? channel.recvSync() : await channel.recv());
  }
}

try {
  await (role === 'producer' ? produce() : consume());
} catch (error) {
  if (!(error instanceof EOFError) && error.code !== 'ERR_MP_CLOSED') throw error;
  channel.detach();
}
